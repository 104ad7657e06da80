// A broker's view of the metadata log: fetches it from the controller, replays it, and publishes each new image with
// its delta to the parts of the broker, in the order in which they subscribed.

import type { Host } from '../../host/host.ts'
import type { ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { ControllerChannel } from './controller-channel.ts'
import type { MetadataDelta } from './delta.ts'
import { MetadataImage } from './image.ts'
import { METADATA_TOPIC, METADATA_TOPIC_ID } from './internal-topics.ts'
import { MetadataReplay } from './replay.ts'

export type MetadataSubscriber = (image: MetadataImage, delta: MetadataDelta) => void

const MAX_WAIT_MS = 60_000
const MAX_BYTES = 8 * 1024 * 1024
const RETRY_MS = 100

interface Waiting {
  readonly offset: number
  readonly resolve: () => void
}

export interface MetadataLoaderOptions {
  readonly host: Host
  readonly channel: ControllerChannel
  readonly nodeId: number
}

export class MetadataLoader {
  readonly #options: MetadataLoaderOptions
  readonly #replay = new MetadataReplay(MetadataImage.empty)
  readonly #subscribers: MetadataSubscriber[] = []
  #waiting: Waiting[] = []
  #isStopped = false

  constructor(options: MetadataLoaderOptions) {
    this.#options = options
  }

  /** As last published; empty before `start` is done. */
  get image(): MetadataImage {
    return this.#replay.image
  }

  subscribe(subscriber: MetadataSubscriber): void {
    this.#subscribers.push(subscriber)
  }

  /** Resolves when what the log held at the call is published, as one delta from nothing. */
  async start(): Promise<void> {
    // What is published must include a leader: the log of a controller that has just begun is committed with its first
    // record.
    let highWatermark = 0
    do {
      highWatermark = await this.#fetch()
    } while (!this.#isStopped && this.#replay.offset + 1 < highWatermark)
    this.#publish()
    this.#follow().catch((error: unknown) => {
      this.#options.host.logger.error('metadata cannot be followed any more', { error: String(error) })
      throw error
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Resolves when the published image has reached the offset. */
  whenApplied(offset: number): Promise<void> {
    if (this.image.offset >= offset) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ offset, resolve })
    })
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      const before = this.#replay.offset
      await this.#fetch()
      if (!this.#isStopped && this.#replay.offset > before) this.#publish()
    }
  }

  #publish(): void {
    const { image, delta } = this.#replay.publish()
    if (delta.unknownCount > 0) {
      this.#options.host.logger.warn('metadata records of types that are not known here', { count: delta.unknownCount })
    }
    for (const subscriber of this.#subscribers) subscriber(image, delta)
    const done = this.#waiting.filter(({ offset }) => offset <= image.offset)
    this.#waiting = this.#waiting.filter(({ offset }) => offset > image.offset)
    for (const { resolve } of done) resolve()
  }

  /** One fetch; returns the high watermark it told. */
  async #fetch(): Promise<number> {
    const { channel, nodeId } = this.#options
    const response = await channel.fetch({
      maxWaitMs: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: MAX_BYTES,
      isolationLevel: 0,
      replicaState: { replicaId: nodeId, replicaEpoch: -1n },
      forgottenTopicsData: [],
      topics: [
        {
          topicId: METADATA_TOPIC_ID,
          partitions: [
            {
              partition: 0,
              fetchOffset: BigInt(this.#replay.offset + 1),
              lastFetchedEpoch: this.image.epoch,
              partitionMaxBytes: MAX_BYTES,
            },
          ],
        },
      ],
    })
    if (this.#isStopped) return 0
    return this.#take(response)
  }

  async #take(response: ResponseInputOf<'Fetch'>): Promise<number> {
    const partition = response.responses[0]?.partitions[0]
    if (partition === undefined || partition.errorCode !== ErrorCode.NONE) {
      await this.#pause()
      return Number.POSITIVE_INFINITY
    }
    const snapshotId = partition.snapshotId
    if (snapshotId !== undefined && (snapshotId.endOffset ?? -1n) >= 0n) {
      await this.#fetchSnapshot({ endOffset: Number(snapshotId.endOffset), epoch: snapshotId.epoch ?? -1 })
    } else {
      const { records } = partition
      for (const bytes of records === null ? [] : records instanceof Uint8Array ? [records] : records) {
        this.#replay.addBatches(bytes)
      }
    }
    return Number(partition.highWatermark)
  }

  async #fetchSnapshot(id: { readonly endOffset: number; readonly epoch: number }): Promise<void> {
    const { channel, nodeId } = this.#options
    const snapshotId = { endOffset: BigInt(id.endOffset), epoch: id.epoch }
    const chunks: Uint8Array[] = []
    let position = 0
    let size = Number.POSITIVE_INFINITY
    while (position < size) {
      const partition = { partition: 0, currentLeaderEpoch: -1, snapshotId, position: BigInt(position) }
      const topics = [{ name: METADATA_TOPIC, partitions: [partition] }]
      const response = await channel.fetchSnapshot({ replicaId: nodeId, maxBytes: MAX_BYTES, topics })
      const part = response.topics[0]?.partitions[0]
      if (part === undefined || part.errorCode !== ErrorCode.NONE) return this.#pause()
      const { unalignedRecords: bytes } = part
      for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
        chunks.push(chunk)
        position += chunk.length
      }
      size = Number(part.size)
    }
    this.#replay.addSnapshot(Buffer.concat(chunks), id)
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.host.timers.after(RETRY_MS, resolve)
    })
  }
}
