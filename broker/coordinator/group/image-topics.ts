// Topics as groups look them up, out of the metadata image.

import type { MetadataImage, TopicImage } from '../../metadata/image.ts'
import type { TopicLookup } from './model/topic-lookup.ts'

export class ImageTopics implements TopicLookup {
  readonly #image: () => MetadataImage
  readonly #hashes = new WeakMap<TopicImage, bigint>()
  #versionWithNewTopics = -1

  constructor(image: () => MetadataImage) {
    this.#image = image
  }

  /** The image has a topic that was not there before. */
  onNewTopics(): void {
    this.#versionWithNewTopics = this.version()
  }

  idOf(name: string): string | undefined {
    return this.#image().topics.byName(name)?.id
  }

  nameOf(topicId: string): string | undefined {
    return this.#image().topics.byId(topicId)?.name
  }

  partitionCount(name: string): number {
    return this.#image().topics.byName(name)?.partitions.length ?? 0
  }

  racksOf(name: string, partition: number): readonly string[] {
    const { topics, brokers } = this.#image()
    const replicas = topics.partition(name, partition)?.replicas ?? []
    return replicas.flatMap((id) => brokers.get(id)?.rack ?? [])
  }

  *names(): Iterable<string> {
    for (const { name } of this.#image().topics.values()) yield name
  }

  version(): number {
    return this.#image().offset
  }

  versionWithNewTopics(): number {
    return this.#versionWithNewTopics
  }

  hashOf(name: string, compute: (topics: TopicLookup, name: string) => bigint): bigint {
    const topic = this.#image().topics.byName(name)
    if (topic === undefined) return 0n
    let hash = this.#hashes.get(topic)
    if (hash === undefined) {
      hash = compute(this, name)
      this.#hashes.set(topic, hash)
    }
    return hash
  }
}
