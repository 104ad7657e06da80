// Share sessions: which partitions a member of a share group fetches from, kept from request to request (KIP-932). One
// for each group and member, numbered by the broker:
//
//   epoch  0   opens it, in place of an older one      epoch  k   its k-th request
//   epoch -1   its last request
//
// A session ends with its connection; what its member has acquired is released. Source: ShareSessionCache.

import { ErrorCode } from '../../protocol/error-codes.ts'
import { FINAL_EPOCH, INITIAL_EPOCH, nextEpoch } from '../replication/session-epochs.ts'

export interface SessionPartition {
  readonly topicId: string
  readonly index: number
}

export class ShareSession {
  readonly groupId: string
  readonly memberId: string
  readonly connectionId: number
  /** Expected in the next request. */
  epoch = INITIAL_EPOCH + 1
  readonly #partitions = new Map<string, SessionPartition>()

  constructor(groupId: string, memberId: string, connectionId: number) {
    this.groupId = groupId
    this.memberId = memberId
    this.connectionId = connectionId
  }

  get partitionCount(): number {
    return this.#partitions.size
  }

  add(topicId: string, index: number): void {
    const key = `${topicId}:${index}`
    if (!this.#partitions.has(key)) this.#partitions.set(key, { topicId, index })
  }

  forget(topicId: string, index: number): void {
    this.#partitions.delete(`${topicId}:${index}`)
  }

  /** From another one with each request, so that under a limit all get their turn. */
  partitions(): SessionPartition[] {
    const all = [...this.#partitions.values()]
    const start = all.length === 0 ? 0 : this.epoch % all.length
    return start === 0 ? all : [...all.slice(start), ...all.slice(0, start)]
  }

  next(): void {
    this.epoch = nextEpoch(this.epoch)
  }
}

export interface ShareSessionListener {
  /** The session of the member is gone: what it has goes to others. */
  onMemberGone(session: ShareSession): void
  /** No member of the group has a session. */
  onGroupGone(groupId: string): void
}

export class ShareSessions {
  readonly #maxSessions: () => number
  readonly #listener: ShareSessionListener
  readonly #byGroup = new Map<string, Map<string, ShareSession>>()
  readonly #byConnection = new Map<number, Set<ShareSession>>()
  #count = 0

  constructor(maxSessions: () => number, listener: ShareSessionListener) {
    this.#maxSessions = maxSessions
    this.#listener = listener
  }

  get count(): number {
    return this.#count
  }

  get(groupId: string, memberId: string): ShareSession | undefined {
    return this.#byGroup.get(groupId)?.get(memberId)
  }

  /** Epoch 0. Null: there is no room for one more. */
  open(groupId: string, memberId: string, connectionId: number): ShareSession | null {
    const old = this.get(groupId, memberId)
    // The member has begun anew: it keeps what it has acquired until its locks end, as in Kafka.
    if (old !== undefined) this.#drop(old)
    if (this.#count >= this.#maxSessions()) return null
    const session = new ShareSession(groupId, memberId, connectionId)
    const members = this.#byGroup.get(groupId) ?? new Map<string, ShareSession>()
    members.set(memberId, session)
    this.#byGroup.set(groupId, members)
    const ofConnection = this.#byConnection.get(connectionId) ?? new Set()
    ofConnection.add(session)
    this.#byConnection.set(connectionId, ofConnection)
    this.#count++
    return session
  }

  /** The session that a request of this epoch, not 0, belongs to; its epoch grows, unless it is the last. */
  resolve(groupId: string, memberId: string, epoch: number): ShareSession | number {
    const session = this.get(groupId, memberId)
    if (session === undefined) return ErrorCode.SHARE_SESSION_NOT_FOUND
    if (epoch === FINAL_EPOCH) return session
    if (session.epoch !== epoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH
    session.next()
    return session
  }

  close(session: ShareSession): void {
    if (this.get(session.groupId, session.memberId) !== session) return
    this.#drop(session)
    this.#listener.onMemberGone(session)
    if (!this.#byGroup.has(session.groupId)) this.#listener.onGroupGone(session.groupId)
  }

  onConnectionLost(connectionId: number): void {
    for (const session of this.#byConnection.get(connectionId) ?? []) this.close(session)
    this.#byConnection.delete(connectionId)
  }

  #drop(session: ShareSession): void {
    const members = this.#byGroup.get(session.groupId)
    members?.delete(session.memberId)
    if (members?.size === 0) this.#byGroup.delete(session.groupId)
    const ofConnection = this.#byConnection.get(session.connectionId)
    ofConnection?.delete(session)
    if (ofConnection?.size === 0) this.#byConnection.delete(session.connectionId)
    this.#count--
  }
}
