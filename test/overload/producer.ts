// Producers that send faster than the disk takes, and remember what was acknowledged.
//
//   idempotent   acks=all, five in flight, sends again what was answered REQUEST_TIMED_OUT
//   eager        acks=1, as many in flight as the broker reads, nothing sent twice
//
// A batch is known again by its base timestamp: producer × MAX_BATCHES + index. Frames are made once and used again
// when they are answered, so that a load costs little but its checksums.

import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { setInt64 } from '../../protocol/records/int64.ts'
import * as at from '../../protocol/records/layout.ts'
import { decodeAnswer, encodeRequest } from '../frames.ts'
import { LoadClient } from './load-client.ts'

export const MAX_BATCHES = 1_000_000
const RECORDS_PER_BATCH = 16
/** Records are last in a request of this version. */
const VERSION = 8
const CORRELATION_ID = 8
const TIMEOUT_MS = 30_000
const MAX_IN_FLIGHT = 5
/** Bytes that the socket has not taken, beyond which a producer waits: its buffer.memory is full. */
const MAX_UNSENT = 4 * 1024 * 1024
const PACE_MS = 20

export interface ProducerSetting {
  readonly port: number
  readonly number: number
  readonly topic: string
  readonly partition: number
  readonly isIdempotent: boolean
  readonly batchSize: number
  /** Bytes per second offered; Infinity: as fast as they are taken. */
  readonly rate: number
}

export class LoadProducer {
  readonly setting: ProducerSetting
  /** Base offsets of its batches by index; -1: sent and not acknowledged. */
  readonly baseOffsets: number[] = []
  acknowledgedCount = 0
  timedOutCount = 0
  readonly ackMs: number[] = []
  /** performance.now() */
  lastAckAt = performance.now()
  longestGapMs = 0
  /** Error codes that no overload may bring. */
  readonly errors = new Set<number>()
  readonly #client: LoadClient
  readonly #producerId: bigint
  readonly #idle: Buffer[] = []
  #isOpen = true
  #startedAt = performance.now()

  private constructor(setting: ProducerSetting, client: LoadClient, producerId: bigint) {
    this.setting = setting
    this.#client = client
    this.#producerId = producerId
    client.socket.on('drain', () => this.#sendDue())
  }

  static async start(setting: ProducerSetting): Promise<LoadProducer> {
    const client = await LoadClient.connect(setting.port, `producer-${setting.number}`)
    // Of the others too: the broker has accepted the connection when it answers.
    const given = await client.request('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 60_000 })
    const producerId = setting.isIdempotent ? given?.producerId : at.NO_PRODUCER_ID
    const producer = new LoadProducer(setting, client, producerId ?? at.NO_PRODUCER_ID)
    producer.#pace()
    return producer
  }

  get isClosed(): boolean {
    return this.#client.isClosed
  }

  /** Sends no more, and waits for what is under way; an error when it is not answered. */
  async finish(limitMs: number): Promise<void> {
    this.#isOpen = false
    if (this.isClosed) throw new Error(`the connection of producer ${this.setting.number} was closed`)
    const endAt = performance.now() + limitMs
    while (this.#client.inFlight > 0 && performance.now() < endAt) await sleep(50)
    const unanswered = this.isClosed ? 'some' : this.#client.inFlight
    this.#client.destroy()
    if (unanswered !== 0) throw new Error(`producer ${this.setting.number}: ${unanswered} batches got no answer`)
  }

  async #pace(): Promise<void> {
    this.#startedAt = performance.now()
    while (this.#isOpen && !this.#client.isClosed) {
      this.#sendDue()
      await sleep(PACE_MS)
    }
  }

  #sendDue(): void {
    const { rate, batchSize, isIdempotent } = this.setting
    const due = ((performance.now() - this.#startedAt) * rate) / 1000
    while (this.#isOpen && this.baseOffsets.length * batchSize < due) {
      if (isIdempotent && this.#client.inFlight >= MAX_IN_FLIGHT) return
      if (this.#client.socket.writableLength > MAX_UNSENT || this.#client.isClosed) return
      const index = this.baseOffsets.push(-1) - 1
      this.#send(this.#stamp(this.#idle.pop() ?? this.#newFrame(), index), index)
    }
  }

  #send(frame: Buffer, index: number): void {
    const sentAt = performance.now()
    this.#client.send(frame, (answer) => {
      if (answer === null) return
      const { responses } = decodeAnswer('Produce', VERSION, answer)
      const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
      this.ackMs.push(performance.now() - sentAt)
      if (errorCode === ErrorCode.REQUEST_TIMED_OUT) {
        this.timedOutCount++
        if (this.setting.isIdempotent) return this.#send(frame, index)
      } else if (errorCode === ErrorCode.NONE) {
        this.#acknowledged(index, Number(baseOffset))
      } else {
        this.errors.add(errorCode)
      }
      this.#idle.push(frame)
      this.#sendDue()
    })
  }

  #acknowledged(index: number, baseOffset: number): void {
    this.baseOffsets[index] = baseOffset
    this.acknowledgedCount++
    const now = performance.now()
    this.longestGapMs = Math.max(this.longestGapMs, now - this.lastAckAt)
    this.lastAckAt = now
  }

  #newFrame(): Buffer {
    const { number, topic, partition, isIdempotent, batchSize } = this.setting
    const value = Buffer.alloc(Math.floor(batchSize / RECORDS_PER_BATCH) - 16, number)
    const records = buildBatch({
      timestamp: 0,
      producerId: this.#producerId,
      producerEpoch: isIdempotent ? 0 : at.NO_PRODUCER_EPOCH,
      records: Array.from({ length: RECORDS_PER_BATCH }, () => ({ key: null, value })),
    })
    const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }]
    const request = { acks: isIdempotent ? -1 : 1, timeoutMs: TIMEOUT_MS, topicData }
    return encodeRequest('Produce', VERSION, request, 'overload')
  }

  /** Makes the frame's batch the one of `index`. */
  #stamp(frame: Buffer, index: number): Buffer {
    const start = frame.length - batchSizeOf(frame)
    const batch = frame.subarray(start)
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
    const id = this.setting.number * MAX_BATCHES + index
    frame.writeInt32BE(index, CORRELATION_ID)
    setInt64(view, at.BASE_TIMESTAMP, id)
    setInt64(view, at.MAX_TIMESTAMP, id)
    if (this.setting.isIdempotent) view.setInt32(at.BASE_SEQUENCE, index * RECORDS_PER_BATCH)
    view.setUint32(at.CRC, crc32c(batch, at.ATTRIBUTES))
    return frame
  }
}

const batchSizes = new WeakMap<Buffer, number>()

/** Of the batch at the frame's end: the records' length stands before it. */
function batchSizeOf(frame: Buffer): number {
  const known = batchSizes.get(frame)
  if (known !== undefined) return known
  for (let position = 4; position < frame.length - 4; position++) {
    const size = frame.length - position - 4
    if (frame.readInt32BE(position) !== size) continue
    batchSizes.set(frame, size)
    return size
  }
  throw new Error('assertion: a produce frame does not end with its records')
}

/** Waits while all of them go on; an error when one is cut off. */
export async function goOn(producers: readonly LoadProducer[], seconds: number): Promise<void> {
  const endAt = performance.now() + seconds * 1000
  while (performance.now() < endAt) {
    await sleep(200)
    const lost = producers.find((producer) => producer.isClosed)
    if (lost !== undefined) throw new Error(`the connection of producer ${lost.setting.number} was closed`)
  }
}
