/** One record of a log, whichever magic its batch has. */

export type Header = { key: string; value: Uint8Array | null }

export type LogRecord = {
  offset: number
  /** ms, or NO_TIMESTAMP. */
  timestamp: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers: readonly Header[]
}
