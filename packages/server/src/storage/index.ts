// The face of this room: what other rooms may import.
export { type Storage, startStorage } from './storage.ts'
