// All quotas of a broker. A kind that nobody has set is null, and costs the way of a request one look at it.

import type { Clock } from '../../host/host.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { Bounds } from './bounds.ts'
import { ClientQuota } from './client-quota.ts'
import { ConnectionRates } from './connection-rates.ts'
import { MutationQuota } from './mutation-quota.ts'
import { QUOTA } from './names.ts'
import type { Windows } from './rate.ts'

/** What the property is when it bounds nothing. */
const NO_CONNECTION_LIMIT = 2_147_483_647

export class Quotas {
  /** Bytes of requests. */
  produce: ClientQuota | null = null
  /** Bytes of answers. */
  fetch: ClientQuota | null = null
  /** Percent of one thread: of the thread, here. */
  request: ClientQuota | null = null
  mutations: MutationQuota | null = null
  readonly connections: ConnectionRates
  /** Any of the four above is set: answers may have to be held against them. */
  isActive = false
  readonly #clock: Clock
  readonly #windows: Windows
  readonly #mutationWindows: Windows

  constructor(clock: Clock, config: BrokerConfig) {
    this.#clock = clock
    this.#windows = {
      count: config.get('quota.window.num'),
      sizeMs: config.get('quota.window.size.seconds') * 1000,
    }
    this.#mutationWindows = {
      count: config.get('controller.quota.window.num'),
      sizeMs: config.get('controller.quota.window.size.seconds') * 1000,
    }
    this.connections = new ConnectionRates(clock, this.#windows, () => {
      const limit = config.boundOf('max.connection.creation.rate')
      return limit === NO_CONNECTION_LIMIT ? Number.POSITIVE_INFINITY : limit
    })
  }

  /** The quotas of a new image. */
  apply(image: MetadataImage): void {
    const { sizeMs } = this.#windows
    this.produce = this.#rated(this.produce, Bounds.of(image, QUOTA.produce))
    this.fetch = this.#rated(this.fetch, Bounds.of(image, QUOTA.fetch))
    // Kafka mutes for request time no longer than a window.
    this.request = this.#rated(this.request, Bounds.of(image, QUOTA.request), sizeMs)
    const mutations = Bounds.of(image, QUOTA.mutations)
    if (mutations === null) this.mutations = null
    else if (this.mutations !== null) this.mutations.bounds = mutations
    else this.mutations = new MutationQuota(this.#clock, this.#mutationWindows, mutations)
    this.connections.bounds = Bounds.of(image, QUOTA.connections)
    this.isActive = this.produce !== null || this.fetch !== null || this.request !== null || this.mutations !== null
  }

  #rated(before: ClientQuota | null, bounds: Bounds | null, maxThrottleMs?: number): ClientQuota | null {
    if (bounds === null) return null
    if (before === null) return new ClientQuota(this.#clock, this.#windows, bounds, maxThrottleMs)
    before.bounds = bounds
    return before
  }
}
