// This broker's life as the controller sees it: registered at the start, fenced until it has replayed its own
// registration, then kept alive by heartbeats until it says that it wants to stop. Source: BrokerLifecycleManager.

import type { Host, Timer } from '../../host/host.ts'
import { randomUuid } from '../../host/random-uuid.ts'
import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'
import { type ControllerChannel, NotCommitted } from './controller-channel.ts'
import { CORDONED_METADATA_VERSION, FEATURES } from './features.ts'
import type { EndPoint } from './image.ts'
import type { MetadataLoader } from './loader.ts'

const RETRY_MS = 100
/** What a stop may cost: a controller that cannot write, leaders that do not move must not keep a broker running. */
const STOP_LIMIT_MS = 5_000

export interface BrokerLifecycleOptions {
  readonly host: Host
  readonly channel: ControllerChannel
  readonly metadata: MetadataLoader
  readonly nodeId: number
  readonly clusterId: string
  /** As clients reach them. */
  readonly endPoints: readonly EndPoint[]
  readonly rack: string | null
  /** Ids of the log directories that were there at the start. */
  readonly logDirs: readonly string[]
  /** Ids of those that have failed since. */
  readonly offlineLogDirs: () => readonly string[]
  /** Ids of those that take no new replicas. */
  readonly cordonedLogDirs: () => readonly string[]
  /** Of the life before, when all log directories say that it ended cleanly; else -1 (KIP-966). */
  readonly previousBrokerEpoch: bigint
  readonly heartbeatIntervalMs: () => number
}

export class BrokerLifecycle {
  readonly #options: BrokerLifecycleOptions
  /** New with every process. */
  readonly incarnationId: string
  #epoch = -1n
  #timer: Timer | null = null
  #isStopping = false

  constructor(options: BrokerLifecycleOptions) {
    this.#options = options
    this.incarnationId = randomUuid(options.host.random)
  }

  /** The registration's; -1 before. What the broker sends to the controller carries it. */
  get brokerEpoch(): bigint {
    return this.#epoch
  }

  /** Resolves when the broker is registered, unfenced, and sees itself so. Throws when the cluster does not take it. */
  async start(): Promise<void> {
    const { metadata, nodeId } = this.#options
    await this.#register()
    await metadata.whenApplied(Number(this.#epoch))
    let answer = await this.#heartbeat(false)
    while (answer.isFenced ?? true) {
      await this.#pause(RETRY_MS)
      answer = await this.#heartbeat(false)
    }
    while (metadata.image.brokers.get(nodeId)?.fenced ?? true) await metadata.whenApplied(metadata.image.offset + 1)
    this.#schedule()
  }

  /** Gives up leadership where another can take over; then the broker may stop serving. Takes some seconds at most. */
  stop(): Promise<void> {
    this.#isStopping = true
    this.#timer?.cancel()
    if (this.#epoch < 0n) return Promise.resolve()
    const { host } = this.#options
    return new Promise((resolve, reject) => {
      let isOver = false
      const end = (problem: string | null): void => {
        if (isOver) return
        isOver = true
        limit.cancel()
        if (problem !== null) {
          host.logger.warn('the controller does not know that this broker stops', { error: problem })
        }
        resolve()
      }
      const limit = host.timers.after(STOP_LIMIT_MS, () => end(`it has not let go within ${STOP_LIMIT_MS} ms`))
      this.#leave(() => isOver).then(
        () => end(null),
        (error: unknown) => {
          if (error instanceof NotCommitted) return end(error.message)
          limit.cancel()
          reject(error)
        },
      )
    })
  }

  async #leave(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const answer = await this.#heartbeat(true)
      if (answer.shouldShutDown || answer.errorCode !== ErrorCode.NONE) return
      await this.#pause(RETRY_MS)
    }
  }

  async #register(): Promise<void> {
    const { channel, nodeId, clusterId, endPoints, rack, logDirs, previousBrokerEpoch, host } = this.#options
    const request: RequestOf<'BrokerRegistration'> = {
      brokerId: nodeId,
      clusterId,
      incarnationId: this.incarnationId,
      listeners: endPoints.map((endPoint) => ({ ...endPoint })),
      features: FEATURES.map(({ name, min, max }) => ({ name, minSupportedVersion: min, maxSupportedVersion: max })),
      rack,
      isMigratingZkBroker: false,
      logDirs: logDirs.filter((id) => !this.#options.offlineLogDirs().includes(id)),
      // Of a process that registers again, its own: it has lost nothing.
      previousBrokerEpoch: this.#epoch < 0n ? previousBrokerEpoch : this.#epoch,
    }
    for (;;) {
      const { errorCode, brokerEpoch } = await channel.send('BrokerRegistration', request)
      if (errorCode === ErrorCode.NONE) {
        this.#epoch = brokerEpoch ?? -1n
        return
      }
      // The process that had this id before may not be gone for long enough.
      if (errorCode !== ErrorCode.DUPLICATE_BROKER_REGISTRATION) {
        throw new Error(`broker ${nodeId} is not taken into the cluster: ${errorName(errorCode)}`)
      }
      host.logger.warn('another broker with this id is still alive', { nodeId })
      await this.#pause(RETRY_MS * 10)
    }
  }

  #heartbeat(wantShutDown: boolean): Promise<ResponseInputOf<'BrokerHeartbeat'>> {
    const { channel, metadata, nodeId } = this.#options
    return channel.send('BrokerHeartbeat', {
      brokerId: nodeId,
      brokerEpoch: this.#epoch,
      currentMetadataOffset: BigInt(metadata.image.offset),
      wantFence: false,
      wantShutDown,
      offlineLogDirs: [...this.#options.offlineLogDirs()],
      cordonedLogDirs:
        metadata.image.metadataVersion < CORDONED_METADATA_VERSION ? null : [...this.#options.cordonedLogDirs()],
    })
  }

  /** A heartbeat out of turn: a log directory has failed. */
  report(): void {
    if (this.#timer === null || this.#isStopping) return
    this.#beat().catch((error: unknown) => this.#options.host.logger.warn('heartbeat failed', { error: String(error) }))
  }

  #schedule(): void {
    this.#timer = this.#options.host.timers.after(this.#options.heartbeatIntervalMs(), () => {
      this.#beat()
        .catch((error: unknown) => this.#options.host.logger.warn('heartbeat failed', { error: String(error) }))
        .then(() => {
          if (!this.#isStopping) this.#schedule()
        })
    })
  }

  async #beat(): Promise<void> {
    const { errorCode } = await this.#heartbeat(false)
    if (errorCode === ErrorCode.NONE || this.#isStopping) return
    this.#options.host.logger.warn('heartbeat refused', { error: errorName(errorCode) })
    const isGone = errorCode === ErrorCode.STALE_BROKER_EPOCH || errorCode === ErrorCode.BROKER_ID_NOT_REGISTERED
    if (isGone) await this.#register()
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.host.timers.after(delayMs, resolve)
    })
  }
}
