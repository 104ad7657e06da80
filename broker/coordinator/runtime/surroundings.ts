// What coordinators need of the broker that they live in.

import type { Host } from '../../../host/host.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import type { MetadataDelta } from '../../metadata/delta.ts'
import type { MetadataImage } from '../../metadata/image.ts'
import type { Partition } from '../../replication/partition.ts'
import type { CreateTopics } from './internal-topic.ts'

export interface CoordinatorSurroundings {
  readonly host: Host
  readonly config: BrokerConfig
  readonly metadata: {
    readonly image: MetadataImage
    subscribe(listener: (image: MetadataImage, delta: MetadataDelta) => void): void
  }
  readonly replicas: {
    partition(topic: string, index: number): Partition | undefined
    onLeaderChange(listener: (topic: string, index: number, isLeader: boolean, leaderEpoch: number) => void): void
  }
  readonly createTopics: CreateTopics
}
