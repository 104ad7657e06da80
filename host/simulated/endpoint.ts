// One end of a simulated connection. What it writes goes
//
//   unsent ──(at most windowSize under way)──▶ peer's received ──(started, not paused)──▶ peer's onBytes
//
// in order; a peer that does not read fills the window, then the sender's unsent, and `write` answers false.

import { type Address, type Connection, type ConnectionEvents, NetworkError } from '../network.ts'
import { letGo, letGoOfAll } from '../slab.ts'
import type { VirtualTime } from './event-queue.ts'
import type { SeededRandom } from './random.ts'

/** As a real connection: above this `write` answers false. */
const highWaterMark = 1024 * 1024

/** Bytes that kernels and wire hold between two ends. */
const windowSize = 256 * 1024

const maxChunkSize = 64 * 1024

type Sent = Uint8Array | 'end'

/** Whoever has an end of a connection (node.ts). */
export interface Process {
  /** False once it has ended: nothing that it waits for happens any more. */
  readonly isAlive: boolean
}

/** What lies between the two ends (network.ts). */
export interface Wire {
  readonly time: VirtualTime
  readonly random: SeededRandom
  /** The chance that a chunk's arrival resets its connection instead. */
  readonly resetChance: number
  isCut(a: string, b: string): boolean
  drawLatency(): number
  forget(endpoint: Endpoint): void
}

export class Endpoint implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly host: Process
  readonly #wire: Wire
  #peer: Endpoint | null = null
  #events: ConnectionEvents | null = null

  readonly #unsent: Uint8Array[] = []
  #unsentSize = 0
  /** Sent, and not yet taken by the peer's onBytes. */
  #underWaySize = 0
  /** Sent chunks hold their order: none arrives before this time. */
  #lastArrivalMs = 0
  #needsDrain = false
  #isEnding = false
  #endIsSent = false

  readonly #received: Sent[] = []
  readonly #heldUp: Sent[] = []
  /** Where the next bytes go, as the owner has said after the last ones. */
  #target: Uint8Array | null = null
  #isPaused = false
  #deliveryIsDue = false
  #peerHasEnded = false

  #isClosed = false
  #closeIsTold = false
  #error: NetworkError | null = null

  constructor(wire: Wire, host: Process, local: Address, remote: Address) {
    this.#wire = wire
    this.host = host
    this.local = local
    this.remote = remote
  }

  join(peer: Endpoint): void {
    this.#peer = peer
    peer.#peer = this
  }

  get peer(): Endpoint {
    if (this.#peer === null) throw new Error('endpoint without a peer')
    return this.#peer
  }

  start(events: ConnectionEvents): void {
    this.#events = events
    if (this.#isClosed) this.#later(() => this.#tellClose())
    else this.#deliverLater()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#isClosed || this.#isEnding) {
      letGoOfAll(chunks)
      return true
    }
    for (const chunk of chunks) {
      if (chunk.length === 0) {
        letGo(chunk)
        continue
      }
      this.#unsent.push(chunk)
      this.#unsentSize += chunk.length
    }
    this.#send()
    if (this.#unsentSize >= highWaterMark) this.#needsDrain = true
    return !this.#needsDrain
  }

  unsentSize(): number {
    return this.#unsentSize
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#deliverLater()
  }

  end(): void {
    if (this.#isClosed) return
    this.#isEnding = true
    this.#send()
  }

  destroy(): void {
    if (this.#isClosed) return
    if (this.#received.length > 0) {
      // Bytes that nobody will read: the operating system answers with a reset.
      const { peer } = this
      this.#wire.time.schedule(this.#wire.drawLatency(), () => {
        peer.fail('ECONNRESET', 'connection reset by peer')
      })
    } else if (!this.#endIsSent) this.#transmit('end')
    this.#close()
  }

  /** The connection is lost. */
  fail(code: string, message: string): void {
    if (this.#isClosed) return
    this.#error = new NetworkError(code, message)
    this.#close()
  }

  onHealed(): void {
    for (const sent of this.#heldUp.splice(0)) this.#transmit(sent)
    this.#send()
  }

  #send(): void {
    const { random } = this.#wire
    while (this.#unsent.length > 0 && this.#underWaySize < windowSize) {
      const first = this.#unsent[0]!
      const limit = Math.min(maxChunkSize, windowSize - this.#underWaySize)
      // Mostly as much as there is, now and then a few bytes: a frame arrives in any pieces.
      const size = Math.min(first.length, random.chance(0.1) ? random.between(1, Math.min(limit, 100)) : limit)
      // Copied: the receiver's buffer is not the sender's.
      const chunk = new Uint8Array(first.subarray(0, size))
      if (size === first.length) {
        this.#unsent.shift()
        letGo(first)
      } else this.#unsent[0] = first.subarray(size)
      this.#unsentSize -= size
      this.#underWaySize += size
      this.#transmit(chunk)
    }
    if (this.#unsent.length > 0) return
    if (this.#isEnding && !this.#endIsSent) {
      this.#endIsSent = true
      this.#transmit('end')
      this.#closeWhenEnded()
    }
    if (this.#needsDrain) {
      this.#needsDrain = false
      this.#later(() => {
        if (!this.#isClosed) this.#events?.onDrain()
      })
    }
  }

  #transmit(sent: Sent): void {
    const { time } = this.#wire
    const arrivalMs = Math.max(this.#lastArrivalMs, time.nowMs + this.#wire.drawLatency())
    this.#lastArrivalMs = arrivalMs
    time.schedule(arrivalMs - time.nowMs, () => {
      if (this.#wire.isCut(this.local.host, this.remote.host)) this.#heldUp.push(sent)
      else this.peer.#arrive(sent)
    })
  }

  #arrive(sent: Sent): void {
    if (this.#isClosed || !this.host.isAlive) return
    if (this.#wire.resetChance > 0 && this.#wire.random.chance(this.#wire.resetChance)) {
      this.peer.fail('ECONNRESET', 'connection reset by the network')
      this.fail('ECONNRESET', 'connection reset by the network')
      return
    }
    this.#received.push(sent)
    this.#deliver()
  }

  #deliverLater(): void {
    if (this.#deliveryIsDue) return
    this.#deliveryIsDue = true
    this.#later(() => {
      this.#deliveryIsDue = false
      this.#deliver()
    })
  }

  #deliver(): void {
    while (this.#events !== null && !this.#isPaused && !this.#isClosed) {
      const sent = this.#received.shift()
      if (sent === undefined) return
      if (sent === 'end') {
        this.#peerHasEnded = true
        // As node:net without half-open connections: what is unsent is sent, then this side ends too.
        this.end()
        this.#closeWhenEnded()
        return
      }
      this.peer.#onTaken(this.#receive(sent, this.#events))
    }
  }

  /** Answers how many of the bytes went where the owner wanted them. */
  #receive(sent: Uint8Array, events: ConnectionEvents): number {
    const target = this.#target
    const size = target === null ? sent.length : Math.min(sent.length, target.length)
    const bytes = sent.subarray(0, size)
    if (size < sent.length) this.#received.unshift(sent.subarray(size))
    if (target === null) events.onBytes(bytes)
    else {
      target.set(bytes)
      events.onBytes(target.subarray(0, size))
    }
    // The buffer is used again: who kept a view of it reads garbage, as with the real network.
    bytes.fill(0xdb)
    this.#target = events.receiveInto?.() ?? null
    return size
  }

  #closeWhenEnded(): void {
    if (this.#endIsSent && this.#peerHasEnded) this.#close()
  }

  #onTaken(size: number): void {
    this.#underWaySize -= size
    if (!this.#isClosed && this.host.isAlive) this.#send()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    letGoOfAll(this.#unsent)
    this.#unsent.length = 0
    this.#unsentSize = 0
    this.#wire.forget(this)
    this.#later(() => this.#tellClose())
  }

  #tellClose(): void {
    if (this.#events === null || this.#closeIsTold) return
    this.#closeIsTold = true
    this.#events.onClose(this.#error)
  }

  #later(run: () => void): void {
    this.#wire.time.schedule(0, () => {
      if (this.host.isAlive) run()
    })
  }
}
