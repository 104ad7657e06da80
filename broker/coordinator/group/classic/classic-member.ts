// A member of a classic group. What the log holds of it is in the first block; the rest ends with the broker or with
// the rebalance.

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import type { Reply } from '../../runtime/reply.ts'

export type JoinReply = Reply<ResponseInputOf<'JoinGroup'>>
export type SyncReply = Reply<ResponseInputOf<'SyncGroup'>>

/** One way to assign partitions that a member supports, with what it says to the leader under it. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

export interface MemberInput {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
}

export const EMPTY_BYTES = new Uint8Array(0)

export class ClassicMember {
  readonly memberId: string
  /** Not null for a static member, which keeps its place when it comes back within its session timeout. */
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the member's order of preference. After a load only the one that the group uses. */
  protocols: readonly MemberProtocol[]
  assignment: Uint8Array = EMPTY_BYTES

  /**
   * Has not been through a rebalance: while its join is parked its client cannot send heartbeats, and it may expire.
   */
  isNew = false
  /** Where the answer to its JoinGroup is to go, while the group waits for the others. */
  join: JoinReply | null = null
  /** Likewise for SyncGroup, while the leader works out the assignment. */
  sync: SyncReply | null = null

  constructor(input: MemberInput) {
    this.memberId = input.memberId
    this.groupInstanceId = input.groupInstanceId
    this.clientId = input.clientId
    this.clientHost = input.clientHost
    this.rebalanceTimeoutMs = input.rebalanceTimeoutMs
    this.sessionTimeoutMs = input.sessionTimeoutMs
    this.protocols = input.protocols
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null
  }

  /** A member whose request is parked need not send heartbeats meanwhile: its next request proves that it is alive. */
  get isExcusedFromHeartbeat(): boolean {
    return !this.isNew && (this.join !== null || this.sync !== null)
  }

  metadata(protocolName: string): Uint8Array {
    const protocol = this.protocols.find(({ name }) => name === protocolName)
    if (protocol === undefined) throw new Error(`assertion: member ${this.memberId} does not support ${protocolName}`)
    return protocol.metadata
  }

  supports(protocolName: string): boolean {
    return this.protocols.some(({ name }) => name === protocolName)
  }

  /** The same protocols, in the same order, with the same metadata. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    if (protocols.length !== this.protocols.length) return false
    return this.protocols.every((own, index) => {
      const other = protocols[index]!
      return own.name === other.name && Buffer.compare(own.metadata, other.metadata) === 0
    })
  }
}
