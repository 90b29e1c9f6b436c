// The templates of apps that come with this program, and the connector that some of them use.
import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PackConnector } from '../apps/ports.ts'
import { TemplateFiles } from '../apps/template-files.ts'

export const TEMPLATES = path.resolve(import.meta.dirname, '../../../../templates')

const CONNECTOR = path.resolve(import.meta.dirname, '../../../connect')

/** In the repository the connector's own build makes its package; the published package has it made. */
export const packConnector: PackConnector = async (file) => {
  const build = path.join(CONNECTOR, 'build.ts')
  if (!existsSync(build)) {
    await copyFile(path.join(CONNECTOR, 'lakelet-connect.tgz'), file)
    return
  }
  const { packConnector: pack } = (await import(pathToFileURL(build).href)) as {
    packConnector: PackConnector
  }
  await pack(file)
}

/** Writes the files of a template to a directory, which is made; returns their paths there. LakeletError `app_template_unknown`. */
export async function writeTemplate(template: string, directory: string): Promise<string[]> {
  const files = await new TemplateFiles(TEMPLATES, packConnector).of(template)
  for (const { path: file, bytes } of files) {
    const target = path.join(directory, file)
    await mkdir(path.dirname(target), { recursive: true })
    await writeFile(target, bytes)
  }
  return files.map((each) => each.path)
}
