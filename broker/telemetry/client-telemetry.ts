// Who pushes metrics, what is asked of each, and when each may come again (KIP-714). Nothing of it outlives the broker:
// a client that finds its subscription unknown asks for it anew. Source: ClientMetricsManager (4.4).
//
//   GetTelemetrySubscriptions ──▶ instance, subscription id ──▶ PushTelemetry, every interval ──▶ … ──▶ terminating
//            ▲                                                       │ UNKNOWN_SUBSCRIPTION_ID
//            └───────────────────────────────────────────────────────┘

import type { Clock, Random } from '../../host/host.ts'
import { randomUuid } from '../../host/random-uuid.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { decompress } from '../../protocol/records/compression.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { CorruptBatch, OversizeBatch } from '../../protocol/records/errors.ts'
import { CODECS } from '../../protocol/records/layout.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { RESOURCE } from '../metadata/image.ts'
import { METADATA_TOPIC_ID } from '../metadata/internal-topics.ts'
import { ClientMetrics } from './client-metrics.ts'
import { MalformedMetrics, readMetrics, TooManyPoints } from './otlp.ts'
import { ALL_METRICS, type ClientAttributes, Matcher, type Subscription, subscriptionOf } from './subscription.ts'

const DEFAULT_INTERVAL_MS = 300_000
/** Clients known at one time; the one that was heard of least recently makes room. */
const MAX_INSTANCES = 16_384
/** A client that is silent for three intervals, and for this, is forgotten. */
const MIN_EXPIRY_MS = 60_000

interface Instance {
  readonly id: string
  readonly client: ClientAttributes
  readonly subscriptionId: number
  readonly metrics: readonly string[]
  readonly intervalMs: number
  /** Of the subscriptions that it was made from. */
  readonly generation: number
  readonly connectionId: number
  /** Monotonic milliseconds; -Infinity: never. */
  lastGet: number
  lastPush: number
  lastHeard: number
  lastError: number
  isTerminating: boolean
}

/** The client's part of a push. */
export interface Push {
  readonly clientInstanceId: string
  readonly subscriptionId: number
  readonly terminating: boolean
  readonly compressionType: number
  readonly metrics: Uint8Array
}

/** Who asks; its instance id is not known before. */
export type Asker = Omit<ClientAttributes, 'client_instance_id'> & { readonly connectionId: number }

export class ClientTelemetry {
  readonly metrics = new ClientMetrics()
  readonly #clock: Clock
  readonly #random: Random
  readonly #maxSize: () => number
  readonly #matcher = new Matcher()
  readonly #subscriptions = new Map<string, Subscription>()
  #generation = 0
  /** The one that was heard of last at the end. */
  readonly #instances = new Map<string, Instance>()
  readonly #byConnection = new Map<number, string>()

  /** `maxSize`: telemetry.max.bytes. */
  constructor(clock: Clock, random: Random, maxSize: () => number) {
    this.#clock = clock
    this.#random = random
    this.#maxSize = maxSize
  }

  get maxSize(): number {
    return this.#maxSize()
  }

  /** Takes the subscriptions of a new image. */
  apply(image: MetadataImage, changed: readonly { readonly type: number; readonly name: string }[]): void {
    for (const { type, name } of changed) {
      if (type !== RESOURCE.clientMetrics) continue
      const values = image.configs.of(type, name)
      if (values.size === 0) this.#subscriptions.delete(name)
      else this.#subscriptions.set(name, subscriptionOf(values))
      this.#generation++
    }
    if (!this.#matcher.isLoaded && this.#hasPatterns) this.#loadMatcher()
  }

  get #hasPatterns(): boolean {
    return [...this.#subscriptions.values()].some(({ match }) => match.length > 0)
  }

  /** Those who were not matched until now are asked anew. */
  async #loadMatcher(): Promise<void> {
    await this.#matcher.load()
    this.#generation++
  }

  /** What is asked of the client, or an error code. */
  subscribe(clientInstanceId: string, asker: Asker): Instance | number {
    const id = clientInstanceId === ZERO_UUID ? randomUuid(this.#random) : clientInstanceId
    const instance = this.#instance(id, asker)
    const now = this.#clock.monotonic()
    const isDue = now - Math.max(instance.lastGet, instance.lastPush) >= instance.intervalMs
    if (isDue) instance.lastGet = now
    const mayAskAgain =
      instance.lastError === ErrorCode.UNKNOWN_SUBSCRIPTION_ID ||
      instance.lastError === ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    if (!isDue && !mayAskAgain) return ErrorCode.THROTTLING_QUOTA_EXCEEDED
    instance.lastError = ErrorCode.NONE
    return instance
  }

  /** An error code. */
  push(push: Push, asker: Asker): number {
    const { clientInstanceId: id } = push
    if (id === ZERO_UUID || id === METADATA_TOPIC_ID) return ErrorCode.INVALID_REQUEST
    const instance = this.#instance(id, asker)
    const refusal = this.#refusal(instance, push)
    instance.isTerminating = push.terminating
    instance.lastError = refusal === ErrorCode.NONE ? this.#take(instance, push) : refusal
    return instance.lastError
  }

  /** Its instance goes with it. */
  onDisconnect(connectionId: number): void {
    const id = this.#byConnection.get(connectionId)
    if (id === undefined) return
    this.#byConnection.delete(connectionId)
    this.#forget(id)
  }

  #refusal(instance: Instance, push: Push): number {
    if (instance.isTerminating) return ErrorCode.INVALID_REQUEST
    const now = this.#clock.monotonic()
    // The first push after a subscription may come early: clients spread theirs over the interval.
    const isDue = instance.lastGet > instance.lastPush || now - instance.lastPush >= instance.intervalMs
    if (isDue) instance.lastPush = now
    else if (!push.terminating) return ErrorCode.THROTTLING_QUOTA_EXCEEDED
    if (push.subscriptionId !== instance.subscriptionId) return ErrorCode.UNKNOWN_SUBSCRIPTION_ID
    if (CODECS[push.compressionType] === undefined) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    return push.metrics.length > this.maxSize ? ErrorCode.TELEMETRY_TOO_LARGE : ErrorCode.NONE
  }

  #take({ id, client }: Instance, { compressionType, metrics }: Push): number {
    if (metrics.length === 0) return ErrorCode.NONE
    const codec = CODECS[compressionType] ?? 'none'
    try {
      this.metrics.record(id, client, readMetrics(decompress(codec, metrics, this.maxSize)))
      return ErrorCode.NONE
    } catch (error) {
      if (!(error instanceof MalformedMetrics) && !(error instanceof CorruptBatch)) throw error
      const isTooLarge = error instanceof OversizeBatch || error instanceof TooManyPoints
      return isTooLarge ? ErrorCode.TELEMETRY_TOO_LARGE : ErrorCode.INVALID_RECORD
    }
  }

  #instance(id: string, asker: Asker): Instance {
    const now = this.#clock.monotonic()
    this.#expire(now)
    let instance = this.#instances.get(id)
    if (instance === undefined || instance.generation < this.#generation) {
      instance = this.#newInstance(id, asker)
      this.#byConnection.set(asker.connectionId, id)
    }
    instance.lastHeard = now
    this.#instances.delete(id)
    this.#instances.set(id, instance)
    return instance
  }

  #newInstance(id: string, { connectionId, ...known }: Asker): Instance {
    const client = { ...known, client_instance_id: id }
    const matching = [...this.#subscriptions.values()].filter((subscription) =>
      this.#matcher.isMatch(subscription, client),
    )
    const names = new Set(matching.flatMap(({ metrics }) => metrics))
    const metrics = names.has(ALL_METRICS) ? [ALL_METRICS] : [...names]
    const intervalMs = Math.min(DEFAULT_INTERVAL_MS, ...matching.map((subscription) => subscription.intervalMs))
    return {
      ...{ id, client, metrics, intervalMs, connectionId, generation: this.#generation },
      // The same question to the same client has the same id, also after a restart.
      subscriptionId: crc32c(Buffer.from(JSON.stringify([id, intervalMs, metrics]))) | 0,
      lastGet: Number.NEGATIVE_INFINITY,
      lastPush: Number.NEGATIVE_INFINITY,
      lastHeard: 0,
      lastError: ErrorCode.NONE,
      isTerminating: false,
    }
  }

  /** Those that were heard of longest ago stand first; one with a long interval may hold up others behind it. */
  #expire(now: number): void {
    for (const { id, lastHeard, intervalMs } of this.#instances.values()) {
      const isSilent = now - lastHeard >= Math.max(MIN_EXPIRY_MS, 3 * intervalMs)
      if (!isSilent && this.#instances.size < MAX_INSTANCES) return
      this.#forget(id)
    }
  }

  #forget(id: string): void {
    const instance = this.#instances.get(id)
    if (instance !== undefined && this.#byConnection.get(instance.connectionId) === id) {
      this.#byConnection.delete(instance.connectionId)
    }
    this.#instances.delete(id)
    this.metrics.forget(id)
  }
}
