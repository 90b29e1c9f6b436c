export const branchFiles = {
  export: 'Export …',
  exportTitle: (branch: string) => `Export ${branch}`,
  exportDo: 'Export',
  exportIntro:
    'One file with what the branch holds now: all its databases, and its roles with their passwords. Clients go on, and a branch that sleeps is not woken. Its past stays here.',
  keepIt: 'Whoever can read the file can read the data: keep it as you keep passwords.',
  copying: 'Copying the branch …',
  received: (size: string) => `${size} received …`,
  exported: (file: string, size: string) => `${file} is exported: ${size}`,
  cut: 'The file ended before its end, and is not kept. The log of the workspace says why; export it again.',
  import: 'Import …',
  importTitle: 'Import a branch',
  importDo: 'Import',
  importIntro:
    'Makes a root branch of a file that was exported here or in another workspace, with its databases, roles, ids and passwords. The project must have the same major version of Postgres.',
  file: 'File',
  fileHint: 'An exported branch, such as production.tar.zst.',
  chooseFile: 'Choose a file first.',
  sent: (size: string, of: string) => `${size} of ${of} sent …`,
  checking: 'The file is here and is checked …',
  making: 'Making the branch …',
  imported: (branch: string, from: string, at: string) => `${branch} is ${from} as it was at ${at}`,
  lostRoles:
    'These roles belong to identities that this workspace does not have. Nobody can log in as them; what they own stays theirs.',
  go: 'Go to the branch',
}
