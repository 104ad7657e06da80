// Decides when a snapshot of the metadata is written: after so many bytes of log, or so long after a change. Source: KIP-876,
// SnapshotGenerator.

import type { Host } from '../../host/host.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { MetadataLoader } from '../metadata/loader.ts'
import type { LocalQuorum } from './local-quorum.ts'

export interface SnapshotterOptions {
  readonly host: Host
  readonly quorum: LocalQuorum
  readonly metadata: MetadataLoader
  readonly config: BrokerConfig
}

export class Snapshotter {
  readonly #options: SnapshotterOptions
  /** Size of the log then; what it has grown by is what the next snapshot saves. */
  #sizeAtLast = 0
  #lastMs: number
  #isWriting = false
  #isStopped = false

  constructor(options: SnapshotterOptions) {
    this.#options = options
    this.#lastMs = options.host.clock.monotonic()
    options.metadata.subscribe((image) => this.#consider(image))
  }

  stop(): void {
    this.#isStopped = true
  }

  #consider(image: MetadataImage): void {
    const { host, quorum, config } = this.#options
    if (this.#isStopped || this.#isWriting || image.metadataVersion === 0) return
    const now = host.clock.monotonic()
    const intervalMs = config.get('metadata.log.max.snapshot.interval.ms')
    const isLarge = quorum.logSize - this.#sizeAtLast >= config.get('metadata.log.max.record.bytes.between.snapshots')
    if (isLarge || (intervalMs > 0 && now - this.#lastMs >= intervalMs)) this.write(image)
  }

  write(image: MetadataImage): void {
    const { host, quorum } = this.#options
    this.#isWriting = true
    this.#lastMs = host.clock.monotonic()
    this.#sizeAtLast = quorum.logSize
    quorum.writeSnapshot(image, (error) => {
      this.#isWriting = false
      if (error === null) host.logger.info('metadata snapshot written', { endOffset: image.offset + 1 })
      else host.logger.error('metadata snapshot could not be written', { error: error.message })
    })
  }
}
