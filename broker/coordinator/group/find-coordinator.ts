// FindCoordinator: which broker coordinates a group. One key before v4, several from then on (KIP-699); v5 and v6
// change nothing here but what errors a client understands. Groups are all that this release coordinates: transactions
// and share groups are refused with words, at once, rather than with an error that lets a client try for a minute.

import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'

export interface CoordinatorNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface CoordinatorFinderOptions {
  /** undefined while `__consumer_offsets` does not exist. */
  readonly partitionOf: (groupId: string) => number | undefined
  /**
   * Leader of that partition of `__consumer_offsets`, as clients of the listener reach it; undefined: there is none
   * now.
   */
  readonly leaderOf: (partition: number, listener: string) => CoordinatorNode | undefined
  /** Has `__consumer_offsets` created. */
  readonly createTopic: () => void
}

const KEY_TYPES = { group: 0, transaction: 1, share: 2 } as const
const NOT_AVAILABLE = 'The coordinator is not available.'
const NOBODY: CoordinatorNode = { nodeId: -1, host: '', port: -1 }

interface Found extends CoordinatorNode {
  readonly errorCode: number
  readonly errorMessage: string
}

export class CoordinatorFinder {
  readonly #options: CoordinatorFinderOptions

  constructor(options: CoordinatorFinderOptions) {
    this.#options = options
  }

  find(
    request: RequestOf<'FindCoordinator'>,
    apiVersion: number,
    listener: string,
  ): ResponseInputOf<'FindCoordinator'> {
    if (apiVersion >= 4) {
      const keys = request.coordinatorKeys
      return { coordinators: keys.map((key) => ({ key, ...this.#find(key, request.keyType, listener) })) }
    }
    const found = this.#find(request.key, request.keyType, listener)
    // Before v4 success has words too, and a coordinator that is not there has those of its error.
    const text = found.errorCode === ErrorCode.NONE ? 'NONE' : found.errorMessage || NOT_AVAILABLE
    return { ...found, errorMessage: text }
  }

  #find(key: string, keyType: number, listener: string): Found {
    const failed = (errorCode: number, errorMessage = ''): Found => {
      return { ...NOBODY, errorCode, errorMessage }
    }
    if (keyType === KEY_TYPES.transaction) {
      return failed(ErrorCode.INVALID_REQUEST, 'Transactions are not available on this broker.')
    }
    if (keyType === KEY_TYPES.share) {
      return failed(ErrorCode.INVALID_REQUEST, 'Share groups are not available on this broker.')
    }
    if (keyType !== KEY_TYPES.group) return failed(ErrorCode.INVALID_REQUEST, `Unknown coordinator type ${keyType}.`)
    const partition = this.#options.partitionOf(key)
    if (partition === undefined) {
      this.#options.createTopic()
      return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    }
    const leader = this.#options.leaderOf(partition, listener)
    if (leader === undefined) return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return { ...leader, errorCode: ErrorCode.NONE, errorMessage: '' }
  }
}
