// The topology of a streams application as its members hand it in: subtopologies, each with the topics that it reads,
// writes through and keeps its state in. Of internal topics (repartition, changelog) it says how they are to be made.
// Source: StreamsTopology of Apache Kafka.

import type { StreamsGroupTopologyValue } from '../../../../protocol/messages/group-state/streams-groups.ts'

export type Subtopology = StreamsGroupTopologyValue['subtopologies'][number]
export type TopicInfo = Subtopology['repartitionSourceTopics'][number]

export class Topology {
  readonly value: StreamsGroupTopologyValue
  /** All that must be there before tasks are given out: sources, repartition topics, changelogs. */
  readonly requiredTopics: ReadonlySet<string>
  /** Subtopology id by the topic that it reads. */
  readonly #readers = new Map<string, string>()

  constructor(value: StreamsGroupTopologyValue) {
    this.value = value
    for (const { subtopologyId, sourceTopics, repartitionSourceTopics } of value.subtopologies) {
      for (const topic of sourceTopics) this.#readers.set(topic, subtopologyId)
      for (const { name } of repartitionSourceTopics) this.#readers.set(name, subtopologyId)
    }
    const changelogs = value.subtopologies.flatMap(({ stateChangelogTopics }) => stateChangelogTopics)
    this.requiredTopics = new Set([...this.#readers.keys(), ...changelogs.map(({ name }) => name)])
  }

  get epoch(): number {
    return this.value.epoch
  }

  /** By id, in the order of ids. */
  get subtopologies(): Subtopology[] {
    return [...this.value.subtopologies].sort((a, b) => (a.subtopologyId < b.subtopologyId ? -1 : 1))
  }

  /** The subtopology that reads a topic. */
  readerOf(topic: string): string | undefined {
    return this.#readers.get(topic)
  }

  equals(other: Topology): boolean {
    // Numbers and text, in one order of fields: both were decoded by the same schema.
    return this.epoch === other.epoch && JSON.stringify(this.subtopologies) === JSON.stringify(other.subtopologies)
  }
}
