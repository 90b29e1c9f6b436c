// Types of messages, by the bytes that they begin with.

export const FRONTEND = {
  query: 0x51, // Q
  functionCall: 0x46, // F
  sync: 0x53, // S
  parse: 0x50, // P
  bind: 0x42, // B
  describe: 0x44, // D
  execute: 0x45, // E
  close: 0x43, // C
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  copyData: 0x64, // d
  flush: 0x48, // H
  terminate: 0x58, // X
} as const

export const BACKEND = {
  readyForQuery: 0x5a, // Z
  errorResponse: 0x45, // E
  parseComplete: 0x31, // 1
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  rowDescription: 0x54, // T
  noData: 0x6e, // n
  commandComplete: 0x43, // C
  emptyQuery: 0x49, // I
  portalSuspended: 0x73, // s
  copyIn: 0x47, // G
} as const
