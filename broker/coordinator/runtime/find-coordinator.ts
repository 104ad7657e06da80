// FindCoordinator: which broker coordinates a group, a transaction or a share partition: the leader of the partition of
// an internal topic that the key belongs to. One key before v4, several from then on (KIP-699); v5 and v6 change
// nothing here but what errors a client understands. What is not coordinated in this release is refused with words, at
// once, rather than with an error that lets a client try for a minute.

import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'

export interface CoordinatorNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** What keys of one type belong to. */
export interface CoordinatorTopic {
  readonly name: string
  /** undefined while the topic does not exist. */
  partitionOf(key: string): number | undefined
  /** Has it created. */
  create(): void
  /** Whether the key is one at all; all are where this is left out. */
  isKey?(key: string): boolean
}

export type KeyType = 'group' | 'transaction' | 'share'

export interface CoordinatorFinderOptions {
  readonly topics: Partial<Readonly<Record<KeyType, CoordinatorTopic>>>
  /** Leader of a partition, as clients of the listener reach it; undefined: there is none now. */
  readonly leaderOf: (topic: string, partition: number, listener: string) => CoordinatorNode | undefined
}

/** By their numbers in the protocol. */
const KEY_TYPES: readonly KeyType[] = ['group', 'transaction', 'share']
const NOT_HERE = { group: 'Groups are', transaction: 'Transactions are', share: 'Share groups are' } as const
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

  #find(key: string, keyTypeId: number, listener: string): Found {
    const keyType = KEY_TYPES[keyTypeId]
    if (keyType === undefined) return failed(ErrorCode.INVALID_REQUEST, `Unknown coordinator type ${keyTypeId}.`)
    const topic = this.#options.topics[keyType]
    if (topic === undefined) {
      return failed(ErrorCode.INVALID_REQUEST, `${NOT_HERE[keyType]} not available on this broker.`)
    }
    if (topic.isKey !== undefined && !topic.isKey(key)) return failed(ErrorCode.INVALID_REQUEST)
    const partition = topic.partitionOf(key)
    if (partition === undefined) {
      topic.create()
      return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    }
    const leader = this.#options.leaderOf(topic.name, partition, listener)
    if (leader === undefined) return failed(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return { ...leader, errorCode: ErrorCode.NONE, errorMessage: '' }
  }
}

function failed(errorCode: number, errorMessage = ''): Found {
  return { ...NOBODY, errorCode, errorMessage }
}
