// What an append answers. Errors are values: a client's mistake, a duplicate, a disk that does not take the bytes.

import { ErrorCode } from '../../protocol/error-codes.ts'

export interface RecordError {
  /** Index of the record in its batch. */
  readonly batchIndex: number
  readonly message: string
}

export interface AppendResult {
  errorCode: number
  errorMessage: string | null
  recordErrors: readonly RecordError[]
  /** -1 with an error. */
  baseOffset: number
  lastOffset: number
  /** -1 unless the log stamps its records. */
  logAppendTimeMs: number
  /** The batch was in the log already; the offsets are those of its first copy. */
  duplicate: boolean
}

const NO_ERRORS: readonly RecordError[] = []

export function appendError(
  errorCode: number,
  errorMessage: string,
  recordErrors: readonly RecordError[] = NO_ERRORS,
): AppendResult {
  return {
    errorCode,
    errorMessage,
    recordErrors,
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    duplicate: false,
  }
}

export function appended(
  baseOffset: number,
  lastOffset: number,
  logAppendTimeMs: number,
  duplicate: boolean,
): AppendResult {
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    recordErrors: NO_ERRORS,
    baseOffset,
    lastOffset,
    logAppendTimeMs,
    duplicate,
  }
}
