// Decides when a snapshot of the metadata is written: after so many bytes of log, or so long after the last one when
// something has changed. Source: KIP-630, KIP-876, SnapshotGenerator.

import type { Host } from '../../host/host.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { Quorum } from './quorum.ts'

export class Snapshotter {
  readonly #host: Host
  readonly #quorum: Quorum
  readonly #config: BrokerConfig
  /** Size of the log at the last one; what it has grown by is what the next one saves. */
  #sizeAtLast: number
  #lastMs: number
  #isWriting = false

  constructor(host: Host, quorum: Quorum, config: BrokerConfig) {
    this.#host = host
    this.#quorum = quorum
    this.#config = config
    this.#lastMs = host.clock.monotonic()
    this.#sizeAtLast = quorum.latestSnapshot === null ? 0 : quorum.logSize
  }

  /** `image`: of all that is committed, and something in it is new. */
  consider(image: MetadataImage): void {
    if (this.#isWriting || image.metadataVersion === 0) return
    const intervalMs = this.#config.get('metadata.log.max.snapshot.interval.ms')
    const maxSize = this.#config.get('metadata.log.max.record.bytes.between.snapshots')
    const isLarge = this.#quorum.logSize - this.#sizeAtLast >= maxSize
    if (isLarge || (intervalMs > 0 && this.#host.clock.monotonic() - this.#lastMs >= intervalMs)) this.#write(image)
  }

  #write(image: MetadataImage): void {
    const { logger, clock } = this.#host
    this.#isWriting = true
    this.#lastMs = clock.monotonic()
    this.#sizeAtLast = this.#quorum.logSize
    this.#quorum.writeSnapshot(image, (error) => {
      this.#isWriting = false
      if (error === null) logger.info('metadata snapshot written', { endOffset: image.offset + 1 })
      else logger.error('metadata snapshot could not be written', { error: error.message })
    })
  }
}
