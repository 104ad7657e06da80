// An answer that a client waits for. It may be given in the event that asked, or parked (a member that joins waits for
// the others) and given in a later one. However given, it leaves only when the shard's log is committed up to where it
// stood then, for the answer may tell of records that a crash could still take back; the shard keeps count of all that
// are open, to refuse them when it loses its partition.

export class Reply<T> {
  readonly #owner: ReplyOwner
  readonly #resolve: (answer: T) => void
  readonly #onError: (errorCode: number) => T
  /** Boxed: an answer may be undefined. */
  #answer: { readonly value: T } | null = null

  constructor(owner: ReplyOwner, resolve: (answer: T) => void, onError: (errorCode: number) => T) {
    this.#owner = owner
    this.#resolve = resolve
    this.#onError = onError
  }

  get isSent(): boolean {
    return this.#answer !== null
  }

  /** The first answer counts; a second one is a bug. */
  send(answer: T): void {
    if (this.#answer !== null) throw new Error('assertion: a request was answered twice')
    this.#answer = { value: answer }
    this.#owner.onSent(this)
  }

  sendError(errorCode: number): void {
    this.send(this.#onError(errorCode))
  }

  /** For the shard: the answer is safe to give. */
  deliver(): void {
    if (this.#answer === null) throw new Error('assertion: an answer is delivered before it is given')
    this.#resolve(this.#answer.value)
  }

  /** For the shard: whatever the answer was to be, it is this error. */
  refuse(errorCode: number): void {
    this.#resolve(this.#onError(errorCode))
  }
}

/** What a shard sees of replies, whose answers are none of its business. */
export interface OpenReply {
  readonly isSent: boolean
  sendError(errorCode: number): void
  deliver(): void
  refuse(errorCode: number): void
}

export interface ReplyOwner {
  onSent(reply: OpenReply): void
}
