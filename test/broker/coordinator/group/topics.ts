// Topics as a test wants them, where the broker has its metadata image.

import type { TopicLookup } from '../../../../broker/coordinator/group/model/topic-lookup.ts'

export interface TestTopic {
  readonly id: string
  readonly partitionCount: number
  /** Of the replicas, by partition; none where it ends. */
  readonly racks?: readonly (readonly string[])[]
}

export class TestTopics implements TopicLookup {
  readonly #topics = new Map<string, TestTopic>()
  #version = 0
  #versionWithNewTopics = 0

  constructor(topics: Readonly<Record<string, TestTopic>> = {}) {
    for (const [name, topic] of Object.entries(topics)) this.set(name, topic)
  }

  set(name: string, topic: TestTopic): void {
    this.#version++
    if (!this.#topics.has(name)) this.#versionWithNewTopics = this.#version
    this.#topics.set(name, topic)
  }

  delete(name: string): void {
    this.#version++
    this.#topics.delete(name)
  }

  idOf(name: string): string | undefined {
    return this.#topics.get(name)?.id
  }

  nameOf(topicId: string): string | undefined {
    return [...this.#topics].find(([, { id }]) => id === topicId)?.[0]
  }

  partitionCount(name: string): number {
    return this.#topics.get(name)?.partitionCount ?? 0
  }

  racksOf(name: string, partition: number): readonly string[] {
    return this.#topics.get(name)?.racks?.[partition] ?? []
  }

  names(): Iterable<string> {
    return this.#topics.keys()
  }

  version(): number {
    return this.#version
  }

  versionWithNewTopics(): number {
    return this.#versionWithNewTopics
  }

  hashOf(name: string, compute: (topics: TopicLookup, name: string) => bigint): bigint {
    return compute(this, name)
  }
}
