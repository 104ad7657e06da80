// Records applied to an image: one delta collects those of one or more batches, tells what they changed, and ends in
// the next image. Brokers and the controller use the same fold, so they cannot disagree.
//
// Records between BeginTransaction and EndTransaction take effect together at the end, or, after AbortTransaction, not
// at all (KIP-868). A transaction may span deltas: what is pending goes from one to the next through `MetadataReplay`.

import { KRAFT_VERSION } from './features.ts'
import {
  type BrokerImage,
  BrokersImage,
  type ConfigResource,
  ConfigsImage,
  DIRECTORY,
  FeaturesImage,
  MetadataImage,
  type PartitionImage,
  RESOURCE,
  type TopicImage,
  TopicsImage,
} from './image.ts'
import { controllerKey, quotaKey, scramKey } from './kept.ts'
import type { MapEdit } from './persistent-map.ts'
import type { KnownRecord, MetadataRecord, UnknownRecord } from './records.ts'

type Of<Type extends KnownRecord['type']> = Extract<KnownRecord, { type: Type }>

interface TopicDraft {
  readonly name: string
  readonly id: string
  readonly partitions: PartitionImage[]
  readonly changed: Set<number>
}

/** leader of a PartitionChangeRecord that leaves the leader as it is. */
const NO_LEADER_CHANGE = -2

export class MetadataDelta {
  readonly from: MetadataImage
  /** Topics that are there in the next image and were not before. */
  readonly createdTopics: TopicImage[] = []
  /** As they were before. */
  readonly deletedTopics: TopicImage[] = []
  /** By topic id, the indexes of partitions that are new or changed; of created topics too. */
  readonly changedPartitions = new Map<string, ReadonlySet<number>>()
  readonly changedConfigs: ConfigResource[] = []
  readonly changedBrokers = new Set<number>()
  featuresChanged = false
  quotasChanged = false
  /** Records that this delta was given and does not know. */
  unknownCount = 0

  readonly #features: Map<string, number>
  readonly #brokers: Map<number, BrokerImage>
  readonly #topics: ReturnType<TopicsImage['edit']>
  readonly #configs: MapEdit<ReadonlyMap<string, string>>
  readonly #kept: MapEdit<KnownRecord>
  readonly #drafts = new Map<string, TopicDraft>()
  readonly #configDrafts = new Map<string, ConfigResource & { readonly values: Map<string, string> }>()
  #producerIds: Of<'ProducerIdsRecord'> | null
  #unknown: readonly UnknownRecord[]

  constructor(from: MetadataImage) {
    this.from = from
    this.#features = from.features.edit()
    this.#brokers = from.brokers.edit()
    this.#topics = from.topics.edit()
    this.#configs = from.configs.edit()
    this.#kept = from.kept.edit()
    this.#producerIds = from.producerIds
    this.#unknown = from.unknown
  }

  apply(record: MetadataRecord): void {
    switch (record.type) {
      case 'TopicRecord':
        this.#createTopic(record.value)
        break
      case 'PartitionRecord':
        this.#setPartition(record.value)
        break
      case 'PartitionChangeRecord':
        this.#changePartition(record.value)
        break
      case 'RemoveTopicRecord':
        this.#removeTopic(record.value.topicId)
        break
      case 'ClearElrRecord':
        this.#clearElr(record.value.topicName)
        break
      case 'ConfigRecord':
        this.#setConfig(record.value)
        break
      case 'FeatureLevelRecord':
        this.#setFeature(record.value.name, record.value.featureLevel)
        break
      case 'RegisterBrokerRecord':
      case 'UnregisterBrokerRecord':
      case 'FenceBrokerRecord':
      case 'UnfenceBrokerRecord':
      case 'BrokerRegistrationChangeRecord':
        this.#changeBroker(record)
        break
      case 'ProducerIdsRecord':
        this.#producerIds = record
        break
      case 'unknown':
        this.#unknown = [...this.#unknown, record]
        this.unknownCount++
        break
      default:
        this.#keep(record)
    }
  }

  /** The next image, whose last record is at `offset`. */
  finish(offset: number, epoch: number, timestamp: number): MetadataImage {
    for (const draft of this.#drafts.values()) this.#finishTopic(draft)
    for (const draft of this.#configDrafts.values()) {
      const key = ConfigsImage.key(draft.type, draft.name)
      if (draft.values.size === 0) this.#configs.delete(key)
      else this.#configs.set(key, draft.values)
      this.changedConfigs.push({ type: draft.type, name: draft.name })
    }
    const topics = this.#topics
    return new MetadataImage({
      offset,
      epoch,
      timestamp,
      features: this.featuresChanged ? new FeaturesImage(this.#features) : this.from.features,
      brokers: this.changedBrokers.size > 0 ? new BrokersImage(this.#brokers) : this.from.brokers,
      topics: new TopicsImage(topics.byId.finish(), topics.idByName.finish()),
      configs: new ConfigsImage(this.#configs.finish()),
      producerIds: this.#producerIds,
      kept: this.#kept.finish(),
      unknown: this.#unknown,
    })
  }

  #createTopic({ name, topicId }: Of<'TopicRecord'>['value']): void {
    if (this.#topic(topicId) !== undefined) throw new Error(`assertion: topic id ${topicId} is created twice`)
    this.#drafts.set(topicId, { name, id: topicId, partitions: [], changed: new Set() })
    this.#topics.idByName.set(name, topicId)
  }

  #topic(id: string): TopicImage | TopicDraft | undefined {
    return this.#drafts.get(id) ?? this.#topics.byId.get(id)
  }

  #draft(id: string): TopicDraft {
    const draft = this.#drafts.get(id)
    if (draft !== undefined) return draft
    const topic = this.#topics.byId.get(id)
    if (topic === undefined) throw new Error(`assertion: a record about topic id ${id}, which there is none of`)
    const made = { name: topic.name, id, partitions: [...topic.partitions], changed: new Set<number>() }
    this.#drafts.set(id, made)
    return made
  }

  #setPartition(value: Of<'PartitionRecord'>['value']): void {
    const draft = this.#draft(value.topicId)
    draft.partitions[value.partitionId] = shared(draft.partitions[value.partitionId - 1], {
      leader: value.leader,
      leaderEpoch: value.leaderEpoch,
      partitionEpoch: value.partitionEpoch,
      replicas: value.replicas,
      isr: value.isr,
      removingReplicas: value.removingReplicas,
      addingReplicas: value.addingReplicas,
      leaderRecoveryState: value.leaderRecoveryState,
      directories: value.directories.length > 0 ? value.directories : value.replicas.map(() => DIRECTORY.migrating),
      eligibleLeaderReplicas: value.eligibleLeaderReplicas ?? [],
      lastKnownElr: value.lastKnownElr ?? [],
    })
    draft.changed.add(value.partitionId)
  }

  #changePartition(value: Of<'PartitionChangeRecord'>['value']): void {
    const draft = this.#draft(value.topicId)
    const before = draft.partitions[value.partitionId]
    if (before === undefined)
      throw new Error(`assertion: change of ${draft.name}-${value.partitionId}, which is not there`)
    const led = value.leader !== NO_LEADER_CHANGE
    draft.partitions[value.partitionId] = shared(draft.partitions[value.partitionId - 1], {
      leader: led ? value.leader : before.leader,
      leaderEpoch: led ? before.leaderEpoch + 1 : before.leaderEpoch,
      partitionEpoch: before.partitionEpoch + 1,
      replicas: value.replicas ?? before.replicas,
      isr: value.isr ?? before.isr,
      removingReplicas: value.removingReplicas ?? before.removingReplicas,
      addingReplicas: value.addingReplicas ?? before.addingReplicas,
      leaderRecoveryState: value.leaderRecoveryState === -1 ? before.leaderRecoveryState : value.leaderRecoveryState,
      directories: value.directories ?? before.directories,
      eligibleLeaderReplicas: value.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
      lastKnownElr: value.lastKnownElr ?? before.lastKnownElr,
    })
    draft.changed.add(value.partitionId)
  }

  #removeTopic(id: string): void {
    const topic = this.#topic(id)
    if (topic === undefined) throw new Error(`assertion: removal of topic id ${id}, which there is none of`)
    const before = this.from.topics.byId(id)
    if (before !== undefined) this.deletedTopics.push(before)
    this.#drafts.delete(id)
    this.#topics.byId.delete(id)
    if (this.#topics.idByName.get(topic.name) === id) this.#topics.idByName.delete(topic.name)
    // A topic takes its configs with it: there are no records that remove them one by one.
    this.#configDraft(RESOURCE.topic, topic.name).values.clear()
  }

  #clearElr(topicName: string): void {
    const ids = topicName === '' ? [...this.from.topics.values()].map((topic) => topic.id) : []
    const id = this.#topics.idByName.get(topicName)
    if (id !== undefined) ids.push(id)
    for (const each of ids) {
      const partitions = this.#topic(each)?.partitions ?? []
      partitions.forEach((partition, index) => {
        if (partition.eligibleLeaderReplicas.length === 0 && partition.lastKnownElr.length === 0) return
        this.#draft(each).partitions[index] = { ...partition, eligibleLeaderReplicas: [], lastKnownElr: [] }
        this.#draft(each).changed.add(index)
      })
    }
  }

  #finishTopic(draft: TopicDraft): void {
    const topic = { name: draft.name, id: draft.id, partitions: draft.partitions }
    if (draft.partitions.includes(undefined as never)) {
      throw new Error(`assertion: partitions of ${draft.name} have gaps: ${Object.keys(draft.partitions)}`)
    }
    if (this.from.topics.byId(draft.id) === undefined) this.createdTopics.push(topic)
    this.#topics.byId.set(draft.id, topic)
    this.changedPartitions.set(draft.id, draft.changed)
  }

  #configDraft(type: number, name: string) {
    const key = ConfigsImage.key(type, name)
    let draft = this.#configDrafts.get(key)
    if (draft === undefined) {
      draft = { type, name, values: new Map(this.from.configs.of(type, name)) }
      this.#configDrafts.set(key, draft)
    }
    return draft
  }

  #setConfig({ resourceType, resourceName, name, value }: Of<'ConfigRecord'>['value']): void {
    const { values } = this.#configDraft(resourceType, resourceName)
    if (value === null) values.delete(name)
    else values.set(name, value)
  }

  /** By a control record of the log, not by one of the metadata. */
  setKraftVersion(level: number): void {
    this.#setFeature(KRAFT_VERSION, level)
  }

  #setFeature(name: string, level: number): void {
    if (level === 0) this.#features.delete(name)
    else this.#features.set(name, level)
    this.featuresChanged = true
  }

  #changeBroker(record: Of<BrokerRecordType>): void {
    const id = 'id' in record.value ? record.value.id : record.value.brokerId
    this.changedBrokers.add(id)
    if (record.type === 'UnregisterBrokerRecord') {
      this.#brokers.delete(id)
      return
    }
    if (record.type === 'RegisterBrokerRecord') {
      const { brokerId, brokerEpoch, isMigratingZkBroker: _, unknownTaggedFields: __, ...rest } = record.value
      this.#brokers.set(id, { ...rest, id: brokerId, epoch: brokerEpoch })
      return
    }
    const before = this.#brokers.get(id)
    if (before === undefined) throw new Error(`assertion: ${record.type} of broker ${id}, which is not registered`)
    if (record.type === 'FenceBrokerRecord') this.#brokers.set(id, { ...before, fenced: true })
    else if (record.type === 'UnfenceBrokerRecord') this.#brokers.set(id, { ...before, fenced: false })
    else {
      const { fenced, inControlledShutdown, logDirs, cordonedLogDirs } = record.value
      this.#brokers.set(id, {
        ...before,
        // 1 fences, -1 unfences, 0 leaves it.
        fenced: fenced === 0 ? before.fenced : fenced > 0,
        inControlledShutdown: inControlledShutdown === 0 ? before.inControlledShutdown : inControlledShutdown > 0,
        logDirs: logDirs.length === 0 ? before.logDirs : logDirs,
        cordonedLogDirs: cordonedLogDirs ?? before.cordonedLogDirs,
      })
    }
  }

  #keep(record: KnownRecord): void {
    const { kept, remove } = identityOf(record)
    if (record.type === 'ClientQuotaRecord') this.quotasChanged = true
    if (kept === null) return
    if (remove) this.#kept.delete(kept)
    else this.#kept.set(kept, record)
  }
}

/**
 * `made`, or what it is equal to: the partition before it in nearly all cases, where there is one broker, and its lists
 * in most others. Made anew, they are half a kilobyte a partition, in each of two images.
 */
function shared(before: PartitionImage | undefined, made: PartitionImage): PartitionImage {
  if (before === undefined) return made
  const same = <T>(left: readonly T[], right: readonly T[]): readonly T[] =>
    left.length === right.length && left.every((one, index) => one === right[index]) ? left : right
  const replicas = same(before.replicas, made.replicas)
  const isr = same(before.isr, made.isr)
  const removingReplicas = same(before.removingReplicas, made.removingReplicas)
  const addingReplicas = same(before.addingReplicas, made.addingReplicas)
  const directories = same(before.directories, made.directories)
  const eligibleLeaderReplicas = same(before.eligibleLeaderReplicas, made.eligibleLeaderReplicas)
  const lastKnownElr = same(before.lastKnownElr, made.lastKnownElr)
  const isEqual =
    before.leader === made.leader &&
    before.leaderEpoch === made.leaderEpoch &&
    before.partitionEpoch === made.partitionEpoch &&
    before.leaderRecoveryState === made.leaderRecoveryState &&
    before.replicas === replicas &&
    before.isr === isr &&
    before.removingReplicas === removingReplicas &&
    before.addingReplicas === addingReplicas &&
    before.directories === directories &&
    before.eligibleLeaderReplicas === eligibleLeaderReplicas &&
    before.lastKnownElr === lastKnownElr
  if (isEqual) return before
  const lists = { replicas, isr, removingReplicas, addingReplicas, directories, eligibleLeaderReplicas, lastKnownElr }
  return { ...made, ...lists }
}

type BrokerRecordType =
  | 'RegisterBrokerRecord'
  | 'UnregisterBrokerRecord'
  | 'FenceBrokerRecord'
  | 'UnfenceBrokerRecord'
  | 'BrokerRegistrationChangeRecord'

/** Under which key a record of MetadataImage.kept stands, or which one it removes; null: it leaves nothing. */
function identityOf(record: KnownRecord): { kept: string | null; remove: boolean } {
  switch (record.type) {
    case 'RegisterControllerRecord':
      return { kept: controllerKey(record.value.controllerId), remove: false }
    case 'UnregisterControllerRecord':
      return { kept: controllerKey(record.value.controllerId), remove: true }
    case 'ClientQuotaRecord': {
      const { entity, key, remove } = record.value
      return { kept: quotaKey(entity, key), remove }
    }
    case 'AccessControlEntryRecord':
      return { kept: `acl/${record.value.id}`, remove: false }
    case 'RemoveAccessControlEntryRecord':
      return { kept: `acl/${record.value.id}`, remove: true }
    case 'UserScramCredentialRecord':
      return { kept: scramKey(record.value.mechanism, record.value.name), remove: false }
    case 'RemoveUserScramCredentialRecord':
      return { kept: scramKey(record.value.mechanism, record.value.name), remove: true }
    case 'DelegationTokenRecord':
      return { kept: `token/${record.value.tokenId}`, remove: false }
    case 'RemoveDelegationTokenRecord':
      return { kept: `token/${record.value.tokenId}`, remove: true }
    default:
      return { kept: null, remove: false }
  }
}
