// Topics and partitions: created, extended, deleted. Source: ReplicationControlManager, ControllerApis; error texts are
// the ones that Kafka's tools print. One topic's failure leaves the others of the request alone.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { describeTopicValues } from '../config/describe.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { RESOURCE, type TopicImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { topicConfigFault } from './config-validation.ts'
import {
  type ControllerState,
  type Decision,
  type Fault,
  fault,
  isActive,
  NO_FAULT,
  QUOTA_EXCEEDED,
  recordMaker,
} from './decision.ts'
import { directoryFor, placeReplicas } from './placement.ts'
import { collisionKey, MAX_TOPIC_NAME_LENGTH, topicNameFault } from './topic-names.ts'

type CreatableTopic = RequestOf<'CreateTopics'>['topics'][number]
type CreateResult = ResponseInputOf<'CreateTopics'>['topics'][number]
type CreatePartitionsTopic = RequestOf<'CreatePartitions'>['topics'][number]

/** New partitions in one request; a batch of records holds them all. */
const MAX_PARTITIONS_PER_REQUEST = 10_000
const DEFAULT = -1

export function createTopics(
  state: ControllerState,
  request: RequestOf<'CreateTopics'>,
): Decision<ResponseInputOf<'CreateTopics'>> {
  const records: MetadataRecord[] = []
  const results: CreateResult[] = []
  const duplicates = duplicatesOf(request.topics.map((topic) => topic.name))
  for (const name of duplicates) {
    results.push(refusal(name, fault(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.')))
  }
  const collisions = new Collisions(state.image)
  let left = MAX_PARTITIONS_PER_REQUEST
  for (const topic of request.topics) {
    if (duplicates.has(topic.name)) continue
    const outcome = checkNewName(state.image, topic.name, collisions) ?? createTopic(state, topic, left)
    if ('errorCode' in outcome) {
      results.push(refusal(topic.name, outcome))
      continue
    }
    left -= outcome.partitionCount
    if (!request.validateOnly) records.push(...outcome.records)
    results.push(outcome.result)
  }
  return { records, answer: { throttleTimeMs: state.mutations.throttleTimeMs, topics: results } }
}

/**
 * Of names that topics may have. V8 hashes strings of more than 16 Ki characters by their length alone: of 2,900 such
 * names in one request each was compared with each, for half a minute and more.
 */
function duplicatesOf(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  return new Set(names.filter((name) => name.length <= MAX_TOPIC_NAME_LENGTH && seen.size === seen.add(name).size))
}

function refusal(name: string, { errorCode, errorMessage }: Fault): CreateResult {
  return { name, topicId: ZERO_UUID, errorCode, errorMessage, numPartitions: -1, replicationFactor: -1, configs: [] }
}

function checkNewName(image: MetadataImage, name: string, collisions: Collisions): Fault | null {
  const invalid = topicNameFault(name)
  if (invalid !== null) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
  if (image.topics.byName(name) !== undefined) {
    return fault(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
  }
  const other = collisions.of(name)
  if (other === undefined) return null
  return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic '${name}' collides with existing topic: ${other}`)
}

/** Only names with a `.` or `_` can collide, and only then are all names looked at: once a request. */
class Collisions {
  readonly #image: MetadataImage
  #names: Map<string, string> | null = null

  constructor(image: MetadataImage) {
    this.#image = image
  }

  of(name: string): string | undefined {
    if (!/[._]/.test(name)) return undefined
    this.#names ??= new Map(Array.from(this.#image.topics.values(), (topic) => [collisionKey(topic.name), topic.name]))
    return this.#names.get(collisionKey(name))
  }
}

interface NewTopic {
  readonly records: readonly MetadataRecord[]
  readonly partitionCount: number
  readonly result: CreateResult
}

function createTopic(state: ControllerState, topic: CreatableTopic, partitionsLeft: number): NewTopic | Fault {
  const configs = new Map(topic.configs.map((config) => [config.name, config.value]))
  const configFault = topicConfigFault(state, topic.name, configs)
  if (configFault !== null) return configFault
  const replicas =
    topic.assignments.length > 0 ? givenReplicas(state, topic) : placedReplicas(state, topic, partitionsLeft)
  if ('errorCode' in replicas) return replicas
  if (replicas.length > partitionsLeft) return tooMany()
  if (!state.mutations.admit(replicas.length)) return QUOTA_EXCEEDED
  const make = recordMaker(state.image)
  const topicId = state.newUuid()
  const records = [make('TopicRecord', { name: topic.name, topicId })]
  for (const [name, value] of configs) {
    records.push(make('ConfigRecord', { resourceType: RESOURCE.topic, resourceName: topic.name, name, value }))
  }
  for (const [index, nodes] of replicas.entries()) records.push(newPartition(state, topicId, index, nodes))
  const own = new Map([...configs].filter((entry): entry is [string, string] => entry[1] !== null))
  const result = {
    ...NO_FAULT,
    name: topic.name,
    topicId,
    numPartitions: replicas.length,
    replicationFactor: replicas[0]!.length,
    configs: describeTopicValues(state.config, own),
  }
  return { records, partitionCount: replicas.length, result }
}

function tooMany(): Fault {
  return fault(ErrorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
}

function placedReplicas(state: ControllerState, topic: CreatableTopic, partitionsLeft: number): number[][] | Fault {
  const { numPartitions, replicationFactor } = topic
  if (replicationFactor < DEFAULT || replicationFactor === 0) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.'
    return fault(ErrorCode.INVALID_REPLICATION_FACTOR, message)
  }
  if (numPartitions < DEFAULT || numPartitions === 0) {
    return fault(ErrorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.')
  }
  const count = numPartitions === DEFAULT ? state.config.get('num.partitions') : numPartitions
  if (count > partitionsLeft) return tooMany()
  const factor = replicationFactor === DEFAULT ? state.config.get('default.replication.factor') : replicationFactor
  return placeReplicas(state.image, count, factor, state.random(Math.max(1, state.image.brokers.size)))
}

function givenReplicas(state: ControllerState, topic: CreatableTopic): readonly (readonly number[])[] | Fault {
  if (topic.replicationFactor !== DEFAULT) {
    const message = 'A manual partition assignment was specified, but replication factor was not set to -1.'
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  if (topic.numPartitions !== DEFAULT) {
    const message = 'A manual partition assignment was specified, but numPartitions was not set to -1.'
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  const replicas: (readonly number[])[] = []
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (replicas[partitionIndex] !== undefined) {
      const message = `Found multiple manual partition assignments for partition ${partitionIndex}`
      return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
    if (partitionIndex < 0 || partitionIndex >= topic.assignments.length) {
      const message = 'partitions should be a consecutive 0-based integer sequence'
      return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
    const invalid = assignmentFault(state.image, brokerIds, replicas.find(() => true)?.length)
    if (invalid !== null) return invalid
    if (!brokerIds.some((id) => isActive(state.image.brokers.get(id)))) {
      return allFenced(partitionIndex)
    }
    replicas[partitionIndex] = brokerIds
  }
  return replicas
}

function allFenced(partitionIndex: number): Fault {
  const which = `All brokers specified in the manual partition assignment for partition ${partitionIndex}`
  return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `${which} are fenced or in controlled shutdown.`)
}

/** `replicationFactor`: that of the partitions before; undefined for the first. */
export function assignmentFault(
  image: MetadataImage,
  brokerIds: readonly number[],
  replicationFactor: number | undefined,
): Fault | null {
  const invalid = (what: string) =>
    fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `The manual partition assignment includes ${what}`)
  if (brokerIds.length === 0) return invalid('an empty replica list.')
  const sorted = [...brokerIds].sort((left, right) => left - right)
  for (const [index, id] of sorted.entries()) {
    if (!image.brokers.has(id)) return invalid(`broker ${id}, but no such broker is registered.`)
    if (sorted[index - 1] === id) return invalid(`the broker ${id} more than once.`)
  }
  if (replicationFactor !== undefined && replicationFactor !== brokerIds.length) {
    const others = `not consistent with previous partitions, which have ${replicationFactor} replica(s).`
    return invalid(`a partition with ${brokerIds.length} replica(s), but this is ${others}`)
  }
  return null
}

function newPartition(
  { image }: ControllerState,
  topicId: string,
  partitionId: number,
  replicas: readonly number[],
): MetadataRecord {
  const isr = replicas.filter((id) => isActive(image.brokers.get(id)))
  return recordMaker(image)('PartitionRecord', {
    partitionId,
    topicId,
    replicas,
    isr,
    removingReplicas: [],
    addingReplicas: [],
    leader: isr[0]!,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map((id) => directoryFor(image.brokers.get(id))),
  })
}

export function createPartitions(
  state: ControllerState,
  request: RequestOf<'CreatePartitions'>,
): Decision<ResponseInputOf<'CreatePartitions'>> {
  const records: MetadataRecord[] = []
  const duplicates = duplicatesOf(request.topics.map((topic) => topic.name))
  const results = [...duplicates].map((name) => ({
    name,
    ...fault(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'),
  }))
  const answers: ResponseInputOf<'CreatePartitions'>['results'][number][] = [...results]
  let left = MAX_PARTITIONS_PER_REQUEST
  for (const topic of request.topics) {
    if (duplicates.has(topic.name)) continue
    const added = addPartitions(state, topic, left)
    if ('errorCode' in added) {
      answers.push({ name: topic.name, ...added })
      continue
    }
    left -= added.length
    if (!request.validateOnly) records.push(...added)
    answers.push({ name: topic.name, ...NO_FAULT })
  }
  return { records, answer: { throttleTimeMs: state.mutations.throttleTimeMs, results: answers } }
}

function addPartitions(state: ControllerState, topic: CreatePartitionsTopic, left: number): MetadataRecord[] | Fault {
  const { image } = state
  const existing = image.topics.byName(topic.name)
  if (existing === undefined) {
    return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
  }
  const before = existing.partitions.length
  if (topic.count === before) return fault(ErrorCode.INVALID_PARTITIONS, `Topic already has ${before} partition(s).`)
  if (topic.count < before) {
    const now = `The topic ${topic.name} currently has ${before} partition(s)`
    return fault(ErrorCode.INVALID_PARTITIONS, `${now}; ${topic.count} would not be an increase.`)
  }
  const count = topic.count - before
  if (count > left) return tooMany()
  if (topic.assignments !== null && topic.assignments.length !== count) {
    const given = `only ${topic.assignments.length} assignment(s) were specified.`
    const message = `Attempted to add ${count} additional partition(s), but ${given}`
    return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  const factor = existing.partitions[0]!.replicas.length
  const replicas =
    topic.assignments === null
      ? placeReplicas(image, count, factor, state.random(Math.max(1, image.brokers.size)))
      : topic.assignments.map((assignment) => assignment.brokerIds)
  if ('errorCode' in replicas) return replicas
  const records: MetadataRecord[] = []
  for (const [index, nodes] of replicas.entries()) {
    const invalid = topic.assignments === null ? null : assignmentFault(image, nodes, factor)
    if (invalid !== null) return invalid
    if (!nodes.some((id) => isActive(image.brokers.get(id)))) {
      return allFenced(before + index)
    }
    records.push(newPartition(state, existing.id, before + index, nodes))
  }
  if (!state.mutations.admit(records.length)) return QUOTA_EXCEEDED
  return records
}

type Asked = Pick<RequestOf<'DeleteTopics'>['topics'][number], 'name' | 'topicId'>

/** Of a million names at most: nothing but the answer is kept of each. */
export function deleteTopics(
  state: ControllerState,
  request: RequestOf<'DeleteTopics'>,
): Decision<ResponseInputOf<'DeleteTopics'>> {
  const make = recordMaker(state.image)
  const records: MetadataRecord[] = []
  const responses: ResponseInputOf<'DeleteTopics'>['responses'][number][] = []
  const twice = askedTwice(state, request)
  twice.tell((name, topicId, wrong) => responses.push({ name, topicId, ...wrong }))
  for (const asked of askedToDelete(request)) {
    if (twice.has(asked)) continue
    const { name, topicId } = asked
    const topic = topicToDelete(state, asked)
    if ('errorCode' in topic) {
      responses.push({ name, topicId, errorCode: topic.errorCode, errorMessage: topic.errorMessage })
    } else if (!state.mutations.admit(topic.partitions.length)) {
      responses.push({ name, topicId, ...QUOTA_EXCEEDED })
    } else {
      records.push(make('RemoveTopicRecord', { topicId: topic.id }))
      responses.push({ name: topic.name, topicId: topic.id, ...NO_FAULT })
    }
  }
  return { records, answer: { throttleTimeMs: state.mutations.throttleTimeMs, responses } }
}

/** Up to version 5 topics are named in an array of their own; an object of the request has one of the two filled. */
function* askedToDelete({ topics, topicNames }: RequestOf<'DeleteTopics'>): Generator<Asked> {
  yield* topics
  for (const name of topicNames) yield { name, topicId: ZERO_UUID }
}

const BY_BOTH = fault(ErrorCode.INVALID_REQUEST, 'You may not specify both topic name and topic id.')
const BY_NONE = fault(ErrorCode.INVALID_REQUEST, 'Neither topic name nor id were specified.')

const isByName = ({ name, topicId }: Asked): boolean => name !== null && topicId === ZERO_UUID
const isById = ({ name, topicId }: Asked): boolean => name === null && topicId !== ZERO_UUID

/** What is asked for twice, in whatever way, is not deleted, and is answered once. */
function askedTwice({ image }: ControllerState, { topics, topicNames }: RequestOf<'DeleteTopics'>) {
  const named = topics.flatMap((one) => (isByName(one) ? (one.name ?? []) : []))
  const ids = topics.flatMap((one) => (isById(one) ? one.topicId : []))
  const names = duplicatesOf(topicNames.length > 0 ? topicNames : named)
  const givenIds = new Set(ids)
  const idsTwice = duplicatesOf(ids)
  /** By name and by id. */
  const both = new Map<string, string>()
  for (const name of givenIds.size > 0 ? named : []) {
    const id = image.topics.byName(name)?.id
    if (id !== undefined && givenIds.has(id) && !names.has(name)) both.set(id, name)
  }
  const namesOfBoth = new Set(both.values())
  return {
    has: (asked: Asked): boolean => {
      if (isByName(asked)) return names.has(asked.name ?? '') || namesOfBoth.has(asked.name ?? '')
      return isById(asked) && (idsTwice.has(asked.topicId) || both.has(asked.topicId))
    },
    tell: (tell: (name: string | null, topicId: string, wrong: Fault) => void): void => {
      const invalid = (message: string) => fault(ErrorCode.INVALID_REQUEST, message)
      for (const name of names) tell(name, ZERO_UUID, invalid('Duplicate topic name.'))
      for (const id of idsTwice) tell(null, id, invalid('Duplicate topic id.'))
      for (const [id, name] of both) {
        tell(name, id, invalid('The provided topic name maps to an ID that was already supplied.'))
      }
    },
  }
}

function topicToDelete(state: ControllerState, { name, topicId }: Asked): TopicImage | Fault {
  if (name === null ? topicId === ZERO_UUID : topicId !== ZERO_UUID) return name === null ? BY_NONE : BY_BOTH
  const { topics } = state.image
  const topic = name === null ? topics.byId(topicId) : topics.byName(name)
  if (topic === undefined && name === null) {
    return fault(ErrorCode.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.')
  }
  if (topic === undefined) {
    return fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.')
  }
  if (!state.config.get('delete.topic.enable')) {
    return fault(ErrorCode.TOPIC_DELETION_DISABLED, 'Topic deletion is disabled.')
  }
  return topic
}
