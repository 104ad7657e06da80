// The metrics that clients have pushed, as they stand: what the broker's own metrics show beside its own. Sums that
// come as differences are added up.

import type { MetricPoint } from './otlp.ts'
import type { ClientAttributes } from './subscription.ts'

/** Of all clients; the one that has pushed least recently makes room. */
const MAX_SERIES = 100_000

export interface ClientSeries {
  /** As the client names it: org.apache.kafka.producer.connection.creation.rate. */
  readonly name: string
  readonly kind: MetricPoint['kind']
  /** What is known of the client, and the attributes of the point. */
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

interface Series extends ClientSeries {
  value: number
}

export class ClientMetrics {
  /** By instance id, the one that has pushed last at the end. */
  readonly #byClient = new Map<string, Map<string, Series>>()
  #count = 0

  record(instanceId: string, client: ClientAttributes, points: readonly MetricPoint[]): void {
    const series = this.#byClient.get(instanceId) ?? new Map<string, Series>()
    this.#byClient.delete(instanceId)
    this.#byClient.set(instanceId, series)
    for (const point of points) this.#recordPoint(series, client, point)
    for (const id of this.#byClient.keys()) {
      if (this.#count <= MAX_SERIES) break
      this.forget(id)
    }
  }

  #recordPoint(series: Map<string, Series>, client: ClientAttributes, point: MetricPoint): void {
    const { name, kind, attributes, value, isDelta } = point
    const key = JSON.stringify([name, ...attributes])
    const known = series.get(key)
    if (known !== undefined) {
      known.value = isDelta ? known.value + value : value
      return
    }
    const labels = new Map(attributes)
    for (const attribute of [
      'client_instance_id',
      'client_id',
      'client_software_name',
      'client_software_version',
    ] as const)
      labels.set(attribute, client[attribute])
    series.set(key, { name, kind, labels, value })
    this.#count++
  }

  forget(instanceId: string): void {
    this.#count -= this.#byClient.get(instanceId)?.size ?? 0
    this.#byClient.delete(instanceId)
  }

  get count(): number {
    return this.#count
  }

  *[Symbol.iterator](): IterableIterator<ClientSeries> {
    for (const series of this.#byClient.values()) yield* series.values()
  }
}
