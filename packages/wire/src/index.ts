// Postgres protocol v3, both directions, and SCRAM: pure functions over bytes, no sockets, no dependencies.
export {
  type BackendMessage,
  type ColumnDescription,
  decodeBackendMessage,
  encodeAuthenticationCleartextPassword,
  encodeAuthenticationMd5Password,
  encodeAuthenticationOk,
  encodeAuthenticationSasl,
  encodeAuthenticationSaslContinue,
  encodeAuthenticationSaslFinal,
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeReadyForQuery,
  type TransactionStatus,
} from './backend.ts'
export { tlsServerEndPoint } from './channel-binding.ts'
export { MessageFramer, type RawMessage } from './framer.ts'
export {
  decodeFrontendMessage,
  decodePassword,
  decodeSaslInitialResponse,
  encodeBind,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  encodeSync,
  encodeTerminate,
  type FrontendMessage,
} from './frontend.ts'
export { encodeErrorResponse, encodeNoticeResponse, type NoticeFields } from './notice.ts'
export { joinOptions, splitOptions } from './options.ts'
export { ProtocolError } from './protocol-error.ts'
export {
  buildScramVerifier,
  formatScramVerifier,
  mockScramVerifier,
  parseScramVerifier,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  type ScramVerifier,
} from './scram.ts'
export { ScramClient, type ScramClientOptions } from './scram-client.ts'
export { type ScramOutcome, ScramServer, type ScramServerOptions } from './scram-server.ts'
export {
  decodeStartupPacket,
  encodeCancelRequest,
  encodeGssEncRequest,
  encodeSslRequest,
  encodeStartup,
  MAX_STARTUP_LENGTH,
  PROTOCOL_3_0,
  PROTOCOL_3_2,
  type StartupPacket,
  type StartupParameter,
  startupParameter,
} from './startup.ts'
