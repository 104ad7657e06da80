// One client connection: frames in, answers out in the order of their requests.
//
//   onBytes → FrameAssembler → waiting requests → dispatch → answer slots → one write per turn
//
// As in Apache Kafka, the requests of a connection are handled one after another; only a request that may overlap its
// predecessors (Produce behind Produce) starts while they still wait for the disk. Back-pressure: reading pauses while
// the peer does not take its answers, while too many requests wait, and while the broker's memory budget is spent.

import type { Timer } from '../../host/host.ts'
import type { Connection, NetworkError } from '../../host/network.ts'
import { FrameAssembler } from './frame-assembler.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** Requests of one connection received and not yet answered, beyond which it is not read from. */
const MAX_PENDING_REQUESTS = 256
/** A closed connection may send what is left of its answers for as long as this. */
const CLOSE_GRACE_MS = 1_000

/**
 * What dispatch tells a connection to do: send the chunks (a whole frame, size prefix included, which are given away),
 * send nothing, or close.
 */
export type Answer = readonly Uint8Array[] | null | CloseAnswer

export interface CloseAnswer {
  /** Why, for the log; null when closing is the protocol's own way to say so and nobody need know. */
  readonly close: string | null
}

/** Where the answer of one request goes. */
export interface AnswerSlot {
  /** Called exactly once, now or later. */
  reply(answer: Answer): void
}

export interface Peer {
  readonly connectionId: number
  readonly host: string
  readonly port: number
  readonly listener: string
}

export interface Dispatcher {
  /**
   * Whether a frame's request may start before its predecessors on the connection are answered, if those may as well.
   */
  mayOverlap(frame: Uint8Array): boolean
  /** Handles one request. The frame is its connection's again afterwards: who keeps bytes of it holds them. */
  dispatch(frame: Uint8Array, peer: Peer, slot: AnswerSlot): void
  /** The connection is gone. */
  forget(peer: Peer): void
}

export interface ConnectionOptions {
  readonly dispatcher: Dispatcher
  readonly requests: MemoryBudget
  readonly answers: MemoryBudget
  readonly maxFrameSize: number
  readonly now: () => number
  readonly after: (delayMs: number, run: () => void) => Timer
  /** The socket is gone; the last word of a connection. */
  readonly onClose: (connection: ClientConnection, reason: string | null, error: NetworkError | null) => void
}

interface Slot {
  /** Bytes charged until the answer: of a request that may overlap, which keeps its frame (Produce, its records). */
  readonly heldSize: number
  readonly overlaps: boolean
  answer: Answer | undefined
}

export class ClientConnection {
  readonly peer: Peer
  readonly #connection: Connection
  readonly #options: ConnectionOptions
  readonly #assembler: FrameAssembler
  /** Received and not yet dispatched: the last slot cannot be overlapped, or the peer does not take its answers. */
  readonly #waiting: Uint8Array[] = []
  /** Dispatched and not yet sent, in request order. */
  readonly #slots: Slot[] = []
  #partialCharge = 0
  /** Answers given to a slow peer, in bytes. */
  #unsentCharge = 0
  #inRead = false
  #flushScheduled = false
  /** A write has answered that the peer does not keep up; until onDrain. */
  #peerIsSlow = false
  #isDraining = false
  #awaitingRoom = false
  #paused = false
  #closed = false
  /** An answer says so; those before it are sent. */
  #mustClose = false
  #closeReason: string | null = null
  #grace: Timer | null = null
  /** Milliseconds, monotonic: when bytes last came or went. */
  lastActive: number

  constructor(connection: Connection, peer: Peer, options: ConnectionOptions) {
    this.#connection = connection
    this.peer = peer
    this.#options = options
    this.#assembler = new FrameAssembler(options.maxFrameSize)
    this.lastActive = options.now()
  }

  start(): void {
    this.#connection.start(this)
  }

  /** No request is under way and none is half received. */
  get isIdle(): boolean {
    return this.#slots.length === 0 && this.#waiting.length === 0 && this.#assembler.partialSize === 0
  }

  /** A frame has begun to arrive and the peer, not we, holds up the rest. */
  get isStalled(): boolean {
    return this.#assembler.partialSize > 0 && !this.#paused
  }

  /** MemoryBudget: reading on gives memory back. */
  get isMidFrame(): boolean {
    return this.#assembler.partialSize > 0
  }

  /**
   * Takes no more requests, answers what is under way, then closes. What comes is read on, to notice a peer that goes.
   */
  drain(): void {
    this.#isDraining = true
    if (this.#paused) this.#connection.resume()
    this.#closeIfDrained()
  }

  #closeIfDrained(): void {
    if (this.#isDraining && this.#slots.length === 0) this.close(null)
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#closed || this.#isDraining) return
    this.lastActive = this.#options.now()
    this.#inRead = true
    const problem = this.#assembler.push(bytes, this.#onFrame)
    this.#inRead = false
    if (problem !== null) {
      this.close(
        `a frame of ${problem.size} bytes was announced, the limit is ${problem.limit} (socket.request.max.bytes)`,
      )
      return
    }
    this.#chargePartial()
    this.#flush()
    this.#adjustReading()
  }

  readonly #onFrame = (frame: Uint8Array): boolean => {
    this.#options.requests.charge(frame.length)
    if (this.#waiting.length > 0 || this.#peerIsSlow || !this.#mayStart(frame)) this.#waiting.push(frame)
    else this.#dispatch(frame)
    return !this.#closed
  }

  #mayStart(frame: Uint8Array): boolean {
    const last = this.#slots.at(-1)
    return last === undefined || (last.overlaps && this.#options.dispatcher.mayOverlap(frame))
  }

  #dispatch(frame: Uint8Array): void {
    const { dispatcher, requests } = this.#options
    const overlaps = dispatcher.mayOverlap(frame)
    const slot: Slot = { heldSize: overlaps ? frame.length : 0, overlaps, answer: undefined }
    this.#slots.push(slot)
    if (overlaps) requests.startHandling()
    dispatcher.dispatch(frame, this.peer, { reply: (answer) => this.#onAnswer(slot, answer) })
    // What is decoded needs the frame no more, however long the answer takes (a long poll, a rebalance).
    if (!overlaps) requests.release(frame.length)
  }

  #onAnswer(slot: Slot, answer: Answer): void {
    if (slot.answer !== undefined) throw new Error(`request of connection ${this.peer.connectionId} answered twice`)
    slot.answer = answer
    if (slot.overlaps) {
      this.#options.requests.release(slot.heldSize)
      this.#options.requests.endHandling()
    }
    if (this.#closed || this.#inRead || this.#flushScheduled) return
    // Answers that come in one callback (a disk write done, a turn's end) leave as one write.
    this.#flushScheduled = true
    queueMicrotask(this.#flushLater)
  }

  readonly #flushLater = (): void => {
    this.#flushScheduled = false
    if (this.#closed) return
    this.#flush()
    this.#adjustReading()
  }

  /** Sends the answers that are due, and starts the requests that were waiting for them. */
  #flush(): void {
    const chunks: Uint8Array[] = []
    this.#collect(chunks)
    while (
      this.#waiting.length > 0 &&
      !this.#peerIsSlow &&
      !this.#isDraining &&
      !this.#closed &&
      this.#mayStart(this.#waiting[0]!)
    ) {
      this.#inRead = true
      this.#dispatch(this.#waiting.shift()!)
      this.#inRead = false
      this.#collect(chunks)
    }
    if (chunks.length > 0 && !this.#closed) {
      this.lastActive = this.#options.now()
      if (!this.#connection.write(chunks)) {
        this.#peerIsSlow = true
        this.#chargeUnsent(this.#connection.unsentSize())
      }
    }
    if (this.#mustClose) this.close(this.#closeReason)
    else this.#closeIfDrained()
  }

  #collect(chunks: Uint8Array[]): void {
    let sent = 0
    while (sent < this.#slots.length && !this.#mustClose) {
      const answer = this.#slots[sent]!.answer
      if (answer === undefined) break
      sent++
      if (answer === null) continue
      if ('close' in answer) {
        this.#mustClose = true
        this.#closeReason = answer.close
      } else {
        for (let index = 0; index < answer.length; index++) chunks.push(answer[index]!)
      }
    }
    if (sent > 0) this.#slots.splice(0, sent)
  }

  onDrain(): void {
    this.#peerIsSlow = false
    this.#chargeUnsent(0)
    this.lastActive = this.#options.now()
    this.#flush()
    this.#adjustReading()
  }

  /** MemoryBudget: there is room again. */
  onRoom(): void {
    this.#awaitingRoom = false
    if (this.#closed || this.#isDraining || !this.#paused || this.#peerIsSlow || this.#isFull()) return
    this.#paused = false
    this.#connection.resume()
  }

  #isFull(): boolean {
    return this.#slots.length + this.#waiting.length >= MAX_PENDING_REQUESTS
  }

  #adjustReading(): void {
    if (this.#closed || this.#isDraining) return
    const spent = this.#options.requests.isSpent
    const pause = this.#peerIsSlow || this.#isFull() || spent
    if (pause && !this.#paused) {
      this.#paused = true
      this.#connection.pause()
    }
    if (this.#paused && spent && !this.#peerIsSlow && !this.#isFull() && !this.#awaitingRoom) {
      this.#awaitingRoom = true
      this.#options.requests.wait(this)
    }
    if (!pause && this.#paused) {
      this.#paused = false
      this.#connection.resume()
    }
  }

  #chargePartial(): void {
    const { requests } = this.#options
    const partialSize = this.#assembler.partialSize
    if (partialSize > this.#partialCharge) requests.charge(partialSize - this.#partialCharge)
    else if (partialSize < this.#partialCharge) requests.release(this.#partialCharge - partialSize)
    this.#partialCharge = partialSize
  }

  #chargeUnsent(size: number): void {
    this.#options.answers.charge(size - this.#unsentCharge)
    this.#unsentCharge = size
  }

  /**
   * Reads no more, sends what is unsent for a moment longer, and lets go. `reason`: for the log; null: an ordinary end.
   */
  close(reason: string | null): void {
    if (this.#closed) return
    this.#closeReason = reason
    this.#finish()
    // The peer may keep its half open for ever: the socket is ours to end.
    this.#grace = this.#options.after(CLOSE_GRACE_MS, () => this.#connection.destroy())
    this.#connection.end()
  }

  /** Without ceremony. */
  destroy(): void {
    this.#finish()
    this.#connection.destroy()
  }

  onClose(error: NetworkError | null): void {
    this.#grace?.cancel()
    this.#finish()
    this.#chargeUnsent(0)
    this.#options.onClose(this, this.#closeReason, error)
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    const { requests, dispatcher } = this.#options
    requests.release(this.#partialCharge)
    this.#partialCharge = 0
    for (const frame of this.#waiting.splice(0)) requests.release(frame.length)
    requests.forget(this)
    dispatcher.forget(this.peer)
  }
}
