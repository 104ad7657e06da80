// The quota on partitions created and deleted (KIP-599). A strict request, of a client that knows the error, is refused
// what goes beyond: THROTTLING_QUOTA_EXCEEDED. A permissive one, of an older client, is given all it asks for and pays
// afterwards. Source: ControllerMutationQuotaManager.

import type { Clock } from '../../host/host.ts'
import type { Mutations } from '../metadata/controller-channel.ts'
import type { Bounds } from './bounds.ts'
import type { QuotaClient } from './client-quota.ts'
import type { Windows } from './rate.ts'
import { TokenBucket } from './token-bucket.ts'

/** Buckets kept at one time; a forgotten one is full again. */
const MAX_BUCKETS = 10_000

export const UNLIMITED: Mutations = { admit: () => true, throttleTimeMs: 0 }

export class MutationQuota {
  readonly #clock: Clock
  readonly #burstSeconds: number
  readonly #buckets = new Map<string, TokenBucket>()
  bounds: Bounds

  constructor(clock: Clock, { count, sizeMs }: Windows, bounds: Bounds) {
    this.#clock = clock
    this.#burstSeconds = (count * sizeMs) / 1000
    this.bounds = bounds
  }

  forRequest({ user, clientId }: QuotaClient, isStrict: boolean): Mutations {
    const bound = this.bounds.find(user, clientId)
    if (bound === null) return UNLIMITED
    const bucket = this.#bucket(bound.key)
    const clock = this.#clock
    let throttleTimeMs = 0
    const owed = () => bucket.debtMs(bound.limit, clock.monotonic())
    return {
      admit(partitionCount) {
        if (isStrict && owed() > 0) {
          throttleTimeMs = owed()
          return false
        }
        bucket.take(partitionCount, bound.limit, clock.monotonic())
        if (!isStrict) throttleTimeMs = owed()
        return true
      },
      get throttleTimeMs() {
        return throttleTimeMs
      },
    }
  }

  #bucket(key: string): TokenBucket {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.clear()
      bucket = new TokenBucket(this.#burstSeconds)
      this.#buckets.set(key, bucket)
    }
    return bucket
  }
}
