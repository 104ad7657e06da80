// One client connection: frames in, answers out in the order of their requests.
//
//   onBytes → FrameAssembler → onFrame → dispatch → slot.reply → one write per read or per turn
//
// Each request has a slot from its arrival until its answer is sent; the slots are a list in the order of arrival:
//
//   #first ──► answered? ──► … ──► #lastStarted ──► #waiting ──► … ──► #last
//              │◄──────── dispatched ────────►│     │◄── frame kept ──►│
//
// As in Apache Kafka, the requests of a connection are handled one after another; only a request that may overlap its
// predecessors (Produce behind Produce) starts while they still wait for the disk. Back-pressure: reading pauses while
// the peer does not take its answers, while too many requests wait, and, of peers that produce or hold a part of it,
// while the broker's memory budget is spent: what others send is handled at once and holds nothing, so that groups go
// on and pings are answered, however slow the disk.
//
// Frames and answers are held (host/slab.ts) and let go of once, whatever happens: a frame when it is dispatched, an
// answer by the socket; both here when the connection is gone before.

import type { Timer } from '../../host/host.ts'
import type { Connection, ConnectionEvents, NetworkError } from '../../host/network.ts'
import { letGo, letGoOfAll, type SlabPool } from '../../host/slab.ts'
import type { Dispatcher, Peer } from './dispatcher.ts'
import { FrameAssembler, type FrameSink } from './frame-assembler.ts'
import { LARGE_REQUEST_SIZE, type LargeRequests } from './large-requests.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { type FlushQueue, Slot, type SlotOwner } from './slot.ts'

/** Requests of one connection received and not yet answered, beyond which it is not read from. */
const MAX_PENDING_REQUESTS = 256
/** Of pipelined requests: answers beyond this are sent before the next request starts, and thus charged. */
const MAX_COLLECTED_SIZE = 256 * 1024
/** A closed connection may send what is left of its answers for as long as this. */
const CLOSE_GRACE_MS = 1_000

/** The same for all connections of a listener. */
export interface ConnectionOptions {
  readonly dispatcher: Dispatcher
  readonly slabs: SlabPool
  readonly requests: MemoryBudget
  readonly answers: MemoryBudget
  readonly flushes: FlushQueue
  readonly largeRequests: LargeRequests
  readonly maxFrameSize: number
  readonly now: () => number
  readonly after: (delayMs: number, run: () => void) => Timer
  /** The socket is gone; the last word of a connection. */
  readonly onClose: (connection: ClientConnection, reason: string | null, error: NetworkError | null) => void
}

export class ClientConnection implements ConnectionEvents, FrameSink, SlotOwner {
  readonly peer: Peer
  readonly #connection: Connection
  readonly #options: ConnectionOptions
  readonly #assembler: FrameAssembler
  #first: Slot | null = null
  #last: Slot | null = null
  /** The last that is dispatched, as long as its answer is not sent: it says whether the next may start. */
  #lastStarted: Slot | null = null
  /** The first that is not dispatched: its predecessor cannot be overlapped, or the peer does not take its answers. */
  #waiting: Slot | null = null
  /** Of all slots. */
  #pendingCount = 0
  #partialCharge = 0
  /** Answers given to a slow peer, in bytes: they are held as a whole until their last byte is sent. */
  #heldCharge = 0
  /** Of them, what had not been sent at the last look. */
  #unsentSize = 0
  /** It has sent a request whose memory does not come back by itself. */
  #isProducer = false
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
  /** Ends the time for which a quota keeps the connection still (KIP-219: it is answered first, then muted). */
  #unmute: Timer | null = null
  #mutedUntil = 0
  /** Milliseconds, monotonic: when bytes last came or went. */
  lastActive: number

  constructor(connection: Connection, peer: Peer, options: ConnectionOptions) {
    this.#connection = connection
    this.peer = peer
    this.#options = options
    this.#assembler = new FrameAssembler(options.maxFrameSize, options.slabs)
    this.lastActive = options.now()
  }

  start(): void {
    this.#connection.start(this)
  }

  /** It is the peer's turn: no request is under way and none is half received, or it does not take its answers. */
  get isIdle(): boolean {
    if (this.#unmute !== null) return false
    return this.#peerIsSlow || (this.#first === null && this.#assembler.partialSize === 0)
  }

  /** It holds answers, and does not take them. */
  get isHoldingAnswers(): boolean {
    return this.#peerIsSlow
  }

  /** A frame has begun to arrive and the peer, not we, holds up the rest. */
  get isStalled(): boolean {
    return this.#assembler.partialSize > 0 && !this.#paused
  }

  /** MemoryBudget: reading on gives memory back. */
  get isMidFrame(): boolean {
    return this.#assembler.partialSize > 0
  }

  get missingSize(): number {
    return this.#assembler.missingSize
  }

  giveUp(): void {
    this.close('a frame was begun and not finished, and its memory is needed')
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
    if (this.#isDraining && (this.#first === null || this.#first === this.#waiting)) this.close(null)
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#closed || this.#isDraining) return
    this.lastActive = this.#options.now()
    this.#inRead = true
    const problem = this.#assembler.push(bytes, this)
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

  receiveInto(): Uint8Array | null {
    return this.#closed || this.#isDraining ? null : this.#assembler.target()
  }

  onFrame(frame: Uint8Array): boolean {
    const { requests, dispatcher } = this.#options
    requests.charge(frame.length)
    const slot = new Slot(this, frame, dispatcher.mayOverlap(frame))
    if (this.#last === null) this.#first = slot
    else this.#last.next = slot
    this.#last = slot
    this.#pendingCount++
    if (this.#waiting === null && !this.#isHeldUp && this.#mayStart(slot)) this.#start(slot)
    else this.#waiting ??= slot
    return !this.#closed
  }

  #mayStart(slot: Slot): boolean {
    const last = this.#lastStarted
    if (last !== null && !(last.overlaps && slot.overlaps)) return false
    if (slot.frameSize < LARGE_REQUEST_SIZE || slot.overlaps) return true
    return this.#options.largeRequests.admits(this, slot.frameSize)
  }

  #start(slot: Slot): void {
    const { dispatcher, requests } = this.#options
    const frame = slot.takeFrame()
    this.#lastStarted = slot
    if (slot.overlaps) this.#isProducer = true
    dispatcher.dispatch(frame, this.peer, slot)
    letGo(frame)
    // What is decoded needs the frame no more, however long the answer takes (a long poll, a rebalance); and the
    // storage charges the records that it has taken.
    requests.release(slot.frameSize)
  }

  /** For Slot alone. */
  onAnswer(slot: Slot): void {
    if (this.#closed) slot.dropAnswer()
    else if (!this.#inRead && !this.#flushScheduled) {
      // Answers that come in one callback (a disk write done, a turn's end) leave as one write.
      this.#flushScheduled = true
      this.#options.flushes.add(this)
    }
  }

  /** For Slot alone. Of two times the one that ends later counts. */
  mute(ms: number): void {
    const until = this.#options.now() + ms
    if (this.#closed || until <= this.#mutedUntil) return
    this.#mutedUntil = until
    this.#unmute?.cancel()
    this.#unmute = this.#options.after(ms, () => {
      this.#unmute = null
      this.flushLater()
    })
  }

  /** No request is started and nothing is read: the peer does not take its answers, or is muted. */
  get #isHeldUp(): boolean {
    return this.#peerIsSlow || this.#unmute !== null
  }

  /** For FlushQueue alone. */
  flushLater(): void {
    this.#flushScheduled = false
    if (this.#closed) return
    this.lastActive = this.#options.now()
    this.#flush()
    this.#adjustReading()
  }

  /** Sends the answers that are due, and starts the requests that were waiting for them. */
  #flush(): void {
    let chunks = this.#collect(null)
    while (this.#waiting !== null && this.#mayStartWaiting(this.#waiting)) {
      if (chunks !== null && sizeOf(chunks) >= MAX_COLLECTED_SIZE) {
        this.#write(chunks)
        chunks = null
        continue
      }
      const slot = this.#waiting
      this.#waiting = slot.next
      this.#inRead = true
      this.#start(slot)
      this.#inRead = false
      chunks = this.#collect(chunks)
    }
    if (chunks !== null) this.#write(chunks)
    if (this.#mustClose) this.close(this.#closeReason)
    else this.#closeIfDrained()
  }

  #mayStartWaiting(slot: Slot): boolean {
    return !this.#isHeldUp && !this.#isDraining && !this.#closed && !this.#mustClose && this.#mayStart(slot)
  }

  /** Adds the answers that are due to `chunks`: as a rule there is one answer, whose own array then serves. */
  #collect(chunks: Uint8Array[] | null): Uint8Array[] | null {
    let collected = chunks
    let slot = this.#first
    while (slot?.isAnswered && !this.#mustClose) {
      const answer = slot.takeAnswer()
      slot = this.#unlinkFirst(slot)
      if (answer === null) continue
      if (!Array.isArray(answer)) {
        this.#mustClose = true
        this.#closeReason = answer.close
      } else if (collected === null) collected = answer
      else for (let index = 0; index < answer.length; index++) collected.push(answer[index]!)
    }
    return collected
  }

  #unlinkFirst(slot: Slot): Slot | null {
    this.#first = slot.next
    if (slot.next === null) this.#last = null
    if (slot === this.#lastStarted) this.#lastStarted = null
    this.#pendingCount--
    return slot.next
  }

  #write(chunks: Uint8Array[]): void {
    if (this.#closed) {
      letGoOfAll(chunks)
      return
    }
    const size = sizeOf(chunks)
    if (this.#connection.write(chunks)) return
    this.#peerIsSlow = true
    this.#chargeHeld(this.#heldCharge + size)
    this.#unsentSize = this.#connection.unsentSize()
  }

  /** Now and then: a slow peer that takes a part of its answers is alive. */
  lookAtProgress(): void {
    if (!this.#peerIsSlow) return
    const unsentSize = this.#connection.unsentSize()
    if (unsentSize < this.#unsentSize) this.lastActive = this.#options.now()
    this.#unsentSize = unsentSize
  }

  onDrain(): void {
    this.#peerIsSlow = false
    this.#chargeHeld(0)
    this.lastActive = this.#options.now()
    this.#flush()
    this.#adjustReading()
  }

  /** MemoryBudget: there is room again. */
  onRoom(): void {
    this.#awaitingRoom = false
    if (this.#closed || this.#isDraining || !this.#paused || this.#isHeldUp || this.#isFull()) return
    this.#paused = false
    // The silence until now was ours.
    this.lastActive = this.#options.now()
    this.#connection.resume()
  }

  #isFull(): boolean {
    return this.#pendingCount >= MAX_PENDING_REQUESTS
  }

  #adjustReading(): void {
    if (this.#closed || this.#isDraining) return
    const spent = this.#options.requests.isSpent && this.#holdsMemory
    const pause = this.#isHeldUp || this.#isFull() || spent
    if (pause && !this.#paused) {
      this.#paused = true
      this.#connection.pause()
    }
    if (this.#paused && spent && !this.#isHeldUp && !this.#isFull() && !this.#awaitingRoom) {
      this.#awaitingRoom = true
      this.#options.requests.wait(this)
    }
    if (!pause && this.#paused) {
      this.#paused = false
      this.#connection.resume()
    }
  }

  get #holdsMemory(): boolean {
    return this.#isProducer || this.#waiting !== null || this.#assembler.partialSize > 0
  }

  #chargePartial(): void {
    const { requests } = this.#options
    const partialSize = this.#assembler.partialSize
    if (partialSize > this.#partialCharge) requests.charge(partialSize - this.#partialCharge)
    else if (partialSize < this.#partialCharge) requests.release(this.#partialCharge - partialSize)
    this.#partialCharge = partialSize
  }

  #chargeHeld(size: number): void {
    const { answers } = this.#options
    if (size < this.#heldCharge) answers.release(this.#heldCharge - size)
    else answers.charge(size - this.#heldCharge)
    this.#heldCharge = size
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
    // Not before: until now a read may have written to it.
    this.#assembler.discard()
    this.#chargeHeld(0)
    this.#options.onClose(this, this.#closeReason, error)
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unmute?.cancel()
    const { requests, largeRequests, dispatcher } = this.#options
    requests.release(this.#partialCharge)
    this.#partialCharge = 0
    this.#dropSlots()
    requests.forget(this)
    largeRequests.forget(this)
    dispatcher.forget(this.peer)
  }

  /** What is answered is not sent, what waits is not started; what is under way brings its answer for nothing. */
  #dropSlots(): void {
    for (let slot = this.#first; slot !== null; slot = slot.next) {
      if (slot.isWaiting) {
        letGo(slot.takeFrame())
        this.#options.requests.release(slot.frameSize)
      } else slot.dropAnswer()
    }
    this.#first = null
    this.#last = null
    this.#lastStarted = null
    this.#waiting = null
    this.#pendingCount = 0
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0
  for (let index = 0; index < chunks.length; index++) size += chunks[index]!.length
  return size
}
