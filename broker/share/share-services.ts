// Share groups' delivery put together with the parts of a broker that it lives on.

import type { Host } from '../../host/host.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { CreateTopics } from '../coordinator/runtime/internal-topic.ts'
import type { ShareCoordinator } from '../coordinator/share/share-coordinator.ts'
import { type MetadataImage, RESOURCE } from '../metadata/image.ts'
import type { ReplicaManager } from '../replication/replica-manager.ts'
import { DeadLetters } from './dead-letters.ts'
import { type ShareGroupSettings, shareGroupSettings } from './share-group-settings.ts'
import { SharePartitions } from './share-partitions.ts'

export interface ShareSurroundings {
  readonly host: Host
  readonly config: BrokerConfig
  readonly metadata: { readonly image: MetadataImage }
  readonly replicas: ReplicaManager
  readonly shareState: ShareCoordinator
  readonly createTopics: CreateTopics
}

/** Since this level of share.version there are dead letter queues. */
const DEAD_LETTERS_LEVEL = 2
const MAX_KNOWN_GROUPS = 1000

export function createSharePartitions(surroundings: ShareSurroundings): SharePartitions {
  const { host, config, metadata, replicas, shareState, createTopics } = surroundings
  const ownValues = (groupId: string) => metadata.image.configs.of(RESOURCE.group, groupId)
  const hasDeadLetters = () => (metadata.image.features.get('share.version') ?? 0) >= DEAD_LETTERS_LEVEL
  /** Until any configuration changes. */
  let known = {
    configs: metadata.image.configs,
    features: metadata.image.features,
    byGroup: new Map<string, ShareGroupSettings>(),
  }
  const settingsOf = (groupId: string): ShareGroupSettings => {
    const { configs, features } = metadata.image
    if (known.configs !== configs || known.features !== features) known = { configs, features, byGroup: new Map() }
    let settings = known.byGroup.get(groupId)
    if (settings === undefined) {
      // Anybody may name a group.
      if (known.byGroup.size >= MAX_KNOWN_GROUPS) known.byGroup.clear()
      settings = shareGroupSettings(config, ownValues(groupId), hasDeadLetters())
      known.byGroup.set(groupId, settings)
    }
    return settings
  }
  const isAllowedByTopic = (topic: string): boolean | undefined => {
    const { topics, configs } = metadata.image
    if (topics.byName(topic) === undefined) return undefined
    return config.topicValues(configs.of(RESOURCE.topic, topic))['errors.deadletterqueue.group.enable']
  }
  const deadLetters = new DeadLetters({
    host,
    settings: (groupId) => {
      const { deadLetterTopic, copiesDeadLetters } = settingsOf(groupId)
      return {
        topic: deadLetterTopic,
        copiesRecords: copiesDeadLetters,
        prefix: config.get('errors.deadletterqueue.topic.name.prefix') ?? '',
        createsTopics: config.get('errors.deadletterqueue.auto.create.topics.enable'),
        isAllowedByTopic: isAllowedByTopic(deadLetterTopic),
      }
    },
    partitionCount: (topic) => metadata.image.topics.byName(topic)?.partitions.length ?? 0,
    partition: (topic, index) => replicas.partition(topic, index),
    createTopics,
  })
  return new SharePartitions({
    host,
    persister: shareState,
    deadLetters,
    settingsOf,
    maxSessions: () => config.get('group.share.max.share.sessions'),
    onLeaderChange: (listener) => replicas.onLeaderChange(listener),
  })
}
