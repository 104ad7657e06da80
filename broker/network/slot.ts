// The place of one request of a connection among the others, from its arrival until its answer is sent; and the
// connections that have answers to send.

import { letGoOfAll } from '../../host/slab.ts'
import type { Answer, AnswerSlot, Peer } from './dispatcher.ts'

/** The connection (connection.ts). */
export interface SlotOwner {
  readonly peer: Peer
  onAnswer(slot: Slot): void
  mute(ms: number): void
  flushLater(): void
}

export class Slot implements AnswerSlot {
  readonly #connection: SlotOwner
  readonly frameSize: number
  /** May start before its predecessors are answered (Produce behind Produce). */
  readonly overlaps: boolean
  /** The next of the connection, in the order of arrival. */
  next: Slot | null = null
  /** null: dispatched. */
  #frame: Uint8Array | null
  #isReplied = false
  #answer: Answer = null

  constructor(connection: SlotOwner, frame: Uint8Array, overlaps: boolean) {
    this.#connection = connection
    this.#frame = frame
    this.frameSize = frame.length
    this.overlaps = overlaps
  }

  get isWaiting(): boolean {
    return this.#frame !== null
  }

  get isAnswered(): boolean {
    return this.#isReplied
  }

  takeFrame(): Uint8Array {
    const frame = this.#frame
    if (frame === null) throw new Error('assertion: a request is dispatched twice')
    this.#frame = null
    return frame
  }

  reply(answer: Answer): void {
    if (this.#isReplied) {
      throw new Error(`assertion: request of connection ${this.#connection.peer.connectionId} answered twice`)
    }
    this.#isReplied = true
    this.#answer = answer
    this.#connection.onAnswer(this)
  }

  mute(ms: number): void {
    this.#connection.mute(ms)
  }

  takeAnswer(): Answer {
    const answer = this.#answer
    this.#answer = null
    return answer
  }

  /** It is not going to be sent. */
  dropAnswer(): void {
    const answer = this.takeAnswer()
    if (Array.isArray(answer)) letGoOfAll(answer)
  }
}

/** One microtask sends what the answers of one callback, to whatever connections, have brought. */
export class FlushQueue {
  #connections: SlotOwner[] = []

  add(connection: SlotOwner): void {
    if (this.#connections.push(connection) === 1) queueMicrotask(this.#run)
  }

  readonly #run = (): void => {
    const connections = this.#connections
    this.#connections = []
    for (const connection of connections) connection.flushLater()
  }
}
