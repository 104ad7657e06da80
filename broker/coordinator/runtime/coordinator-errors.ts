// What a client is told when the log or the runtime refused: errors that make it look for the coordinator again, or
// wait. Source: GroupCoordinatorService, TransactionStateManager.appendTransactionToLog of Apache Kafka.

import { ErrorCode } from '../../../protocol/error-codes.ts'

/** For answers that say why; those of some APIs do not. */
export function coordinatorRefusal(errorCode: number): { errorCode: number; errorMessage: string | null } {
  return { errorCode, errorMessage: MESSAGES.get(errorCode) ?? null }
}

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'The coordinator is loading its state.'],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The coordinator cannot do it now.'],
  [ErrorCode.NOT_COORDINATOR, 'This broker is not the coordinator.'],
])

export function coordinatorErrorOf(errorCode: number): number {
  switch (errorCode) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      return ErrorCode.UNKNOWN_SERVER_ERROR
    default:
      return errorCode
  }
}
