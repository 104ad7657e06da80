// What groups need to know of topics, as the metadata image has them at this moment.

export interface TopicLookup {
  /** undefined: no such topic. */
  idOf(name: string): string | undefined
  nameOf(topicId: string): string | undefined
  /** 0: no such topic. */
  partitionCount(name: string): number
  /** Racks of the brokers that have a replica; those without a rack are left out. */
  racksOf(name: string, partition: number): readonly string[]
  names(): Iterable<string>
  /** Offset of the image. */
  version(): number
  /** Of the last image that brought a topic of a new name. */
  versionWithNewTopics(): number
  /** What `compute` answers for the topic, kept as long as the topic is as it is. */
  hashOf(name: string, compute: (topics: TopicLookup, name: string) => bigint): bigint
}
