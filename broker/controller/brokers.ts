// Brokers: registered, kept alive by heartbeats, fenced. Source: ClusterControlManager, BrokerHeartbeatManager,
// ReplicationControlManager.
//
//   (none) ── register ──▶ fenced ── heartbeat that has replayed the registration ──▶ unfenced
//                            ▲                                                          │
//                            └──── silence for the session timeout, wantFence, ◀────────┘
//                                  controlled shutdown done, new incarnation

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerImage, MetadataImage, PartitionImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { type ControllerState, type Decision, fault, NO_FAULT, recordMaker } from './decision.ts'
import { canLead, isInOnlineDirectory } from './directories.ts'

const NO_LEADER = -1
/** Values of a BrokerRegistrationChangeRecord. */
const YES = 1
const NO = -1

type Registered = Decision<ResponseInputOf<'BrokerRegistration'>>

export function registerBroker(state: ControllerState, request: RequestOf<'BrokerRegistration'>): Registered {
  const { image } = state
  const { brokerId, incarnationId } = request
  const refuse = (errorCode: ErrorCode): Registered => ({
    records: [],
    answer: { throttleTimeMs: 0, errorCode, brokerEpoch: -1n },
  })
  if (request.clusterId !== state.clusterId) return refuse(ErrorCode.INCONSISTENT_CLUSTER_ID)
  const existing = image.brokers.get(brokerId)
  if (existing !== undefined && existing.incarnationId !== incarnationId) {
    // Two processes with one id: the one that is there has the better claim.
    if (state.sessions.isLive(brokerId, existing.epoch) && !existing.inControlledShutdown) {
      return refuse(ErrorCode.DUPLICATE_BROKER_REGISTRATION)
    }
  }
  if (!supportsFeatures(image, request)) return refuse(ErrorCode.UNSUPPORTED_VERSION)
  if (request.logDirs.length === 0 || new Set(request.logDirs).size !== request.logDirs.length) {
    return refuse(ErrorCode.INVALID_REGISTRATION)
  }
  const amended = existing?.incarnationId === incarnationId
  const brokerEpoch = amended ? existing.epoch : BigInt(state.nextOffset)
  const record = recordMaker(image)('RegisterBrokerRecord', {
    brokerId,
    incarnationId,
    brokerEpoch,
    endPoints: [...request.listeners].sort((left, right) => (left.name < right.name ? -1 : 1)),
    features: request.features,
    rack: request.rack,
    fenced: amended ? existing.fenced : true,
    logDirs: [...request.logDirs].sort(),
  })
  return { records: [record], answer: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, brokerEpoch } }
}

function supportsFeatures(image: MetadataImage, request: RequestOf<'BrokerRegistration'>): boolean {
  const ranges = new Map(request.features.map((feature) => [feature.name, feature]))
  for (const [name, level] of image.features) {
    const range = ranges.get(name)
    if (level < (range?.minSupportedVersion ?? 0) || level > (range?.maxSupportedVersion ?? 0)) return false
  }
  return true
}

type Beat = Decision<ResponseInputOf<'BrokerHeartbeat'>>

export function brokerHeartbeat(state: ControllerState, request: RequestOf<'BrokerHeartbeat'>): Beat {
  const { image, sessions } = state
  const broker = image.brokers.get(request.brokerId)
  if (broker === undefined) return beat([], { errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED })
  if (broker.epoch !== request.brokerEpoch) return beat([], { errorCode: ErrorCode.STALE_BROKER_EPOCH })
  sessions.touch(broker.id, broker.epoch)
  const isCaughtUp = request.currentMetadataOffset >= broker.epoch
  if (request.wantShutDown) return shutDown(state, broker, isCaughtUp)
  if (request.wantFence) {
    return beat(broker.fenced ? [] : fence(image, broker), { isCaughtUp, isFenced: true })
  }
  const lost = loseDirectories(image, broker, request.offlineLogDirs)
  if (lost.length > 0) return beat(lost, { isCaughtUp, isFenced: broker.fenced })
  const cordoned = cordonDirectories(image, broker, request.cordonedLogDirs)
  if (broker.fenced && isCaughtUp) {
    return beat([...cordoned, ...unfence(image, broker)], { isCaughtUp, isFenced: false })
  }
  return beat(cordoned, { isCaughtUp, isFenced: broker.fenced })
}

/** Those that take no new replicas, when they are others than with the last heartbeat; null: nothing is said. */
function cordonDirectories(
  image: MetadataImage,
  { id, epoch, cordonedLogDirs }: BrokerImage,
  now: readonly string[] | null,
): MetadataRecord[] {
  const before = cordonedLogDirs ?? []
  if (now === null || (now.length === before.length && now.every((directory) => before.includes(directory)))) return []
  const change = { brokerId: id, brokerEpoch: epoch, cordonedLogDirs: [...now].sort() }
  return [recordMaker(image)('BrokerRegistrationChangeRecord', change)]
}

/** Directories that have failed since the last heartbeat: what lies in them is led by others, or by nobody. */
function loseDirectories(image: MetadataImage, broker: BrokerImage, offline: readonly string[]): MetadataRecord[] {
  const { id, epoch, logDirs } = broker
  const left = logDirs.filter((directory) => !offline.includes(directory))
  // With the last one a broker has nothing to say about the rest.
  if (left.length === logDirs.length || left.length === 0) return []
  const change = recordMaker(image)('BrokerRegistrationChangeRecord', {
    brokerId: id,
    brokerEpoch: epoch,
    logDirs: left,
  })
  const isLost = (partition: PartitionImage): boolean => !isInOnlineDirectory({ ...broker, logDirs: left }, partition)
  return [change, ...removeFromIsr(image, id, true, isLost)]
}

function beat(records: readonly MetadataRecord[], fields: Partial<ResponseInputOf<'BrokerHeartbeat'>>): Beat {
  const answer = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, isCaughtUp: false, shouldShutDown: false, ...fields }
  return { records, answer, divisible: true }
}

/**
 * Leaders move away first; when the broker leads nothing that another replica could lead, it is fenced and may stop.
 * What only it can lead stays its own, to be led again when it is back.
 */
function shutDown({ image }: ControllerState, broker: BrokerImage, isCaughtUp: boolean): Beat {
  if (broker.fenced) return beat([], { isCaughtUp, isFenced: true, shouldShutDown: true })
  const { id, epoch, inControlledShutdown } = broker
  const moves = [...partitionsOf(image)].some(
    ([, , partition]) => partition.leader === id && successor(image, partition, id) !== NO_LEADER,
  )
  if (moves && inControlledShutdown) return beat([], { isCaughtUp, isFenced: false })
  const change = recordMaker(image)('BrokerRegistrationChangeRecord', {
    brokerId: id,
    brokerEpoch: epoch,
    inControlledShutdown: inControlledShutdown ? 0 : YES,
    fenced: moves ? 0 : YES,
  })
  const records = inControlledShutdown ? [change] : [change, ...removeFromIsr(image, id, false)]
  return beat(records, { isCaughtUp, isFenced: !moves, shouldShutDown: !moves })
}

/** A broker that has not been heard of for the session timeout, unless it is another one by now. */
export function fenceStale(state: ControllerState, brokerId: number, epoch: bigint): Decision<null> {
  state.sessions.end(brokerId)
  const broker = state.image.brokers.get(brokerId)
  if (broker === undefined || broker.epoch !== epoch || broker.fenced) return { records: [], answer: null }
  return { records: fence(state.image, broker), answer: null, divisible: true }
}

function fence(image: MetadataImage, { id, epoch }: BrokerImage): MetadataRecord[] {
  const change = recordMaker(image)('BrokerRegistrationChangeRecord', { brokerId: id, brokerEpoch: epoch, fenced: YES })
  return [change, ...removeFromIsr(image, id, true)]
}

/**
 * What a broker gets when it comes (back) to life. Partitions without a leader get it as theirs where it has all that
 * was committed. Those that it leads by the record of an earlier incarnation are led in a new leader epoch: what that
 * one had not synced may be gone, and whoever has read it must find out.
 */
function unfence(image: MetadataImage, broker: BrokerImage): MetadataRecord[] {
  const { id, epoch } = broker
  const make = recordMaker(image)
  const records = [make('BrokerRegistrationChangeRecord', { brokerId: id, brokerEpoch: epoch, fenced: NO })]
  for (const [topicId, partitionId, partition] of partitionsOf(image)) {
    if (partition.leader !== id && partition.leader !== NO_LEADER) continue
    if (!isInOnlineDirectory(broker, partition)) {
      if (partition.leader === id) {
        records.push(make('PartitionChangeRecord', { topicId, partitionId, leader: NO_LEADER }))
      }
    } else if (partition.leader === id || partition.isr.includes(id)) {
      records.push(make('PartitionChangeRecord', { topicId, partitionId, leader: id }))
    } else if (isEligible(partition, id)) {
      records.push(
        make('PartitionChangeRecord', {
          topicId,
          partitionId,
          leader: id,
          isr: [id],
          eligibleLeaderReplicas: partition.eligibleLeaderReplicas.filter((other) => other !== id),
          lastKnownElr: [],
        }),
      )
    }
  }
  return records
}

/**
 * KIP-966: of a partition whose in-sync replicas are all gone, the eligible ones still have all that was committed.
 * When those are gone too, the last that led is the nearest there is, and with one replica the only one.
 */
function isEligible({ isr, eligibleLeaderReplicas: eligible, lastKnownElr }: PartitionImage, id: number): boolean {
  if (isr.length > 0) return false
  return eligible.length > 0 ? eligible.includes(id) : lastKnownElr.length === 1 && lastKnownElr[0] === id
}

/** A broker that is gone for good; one that lives registers anew, with another epoch. */
export function unregisterBroker(
  { image, sessions }: ControllerState,
  { brokerId }: RequestOf<'UnregisterBroker'>,
): Decision<ResponseInputOf<'UnregisterBroker'>> {
  const broker = image.brokers.get(brokerId)
  if (broker === undefined) {
    const unknown = fault(ErrorCode.BROKER_ID_NOT_REGISTERED, `Broker ID ${brokerId} is not currently registered`)
    return { records: [], answer: { throttleTimeMs: 0, ...unknown } }
  }
  sessions.end(brokerId)
  const gone = recordMaker(image)('UnregisterBrokerRecord', { brokerId, brokerEpoch: broker.epoch })
  const records = [...removeFromIsr(image, brokerId, true), gone]
  return { records, answer: { throttleTimeMs: 0, ...NO_FAULT } }
}

/** The broker's partitions without it: another leader, a smaller ISR, which always keeps its last member. */
function removeFromIsr(
  image: MetadataImage,
  brokerId: number,
  fenced: boolean,
  isConcerned: (partition: PartitionImage) => boolean = () => true,
): MetadataRecord[] {
  const make = recordMaker(image)
  const records: MetadataRecord[] = []
  for (const [topicId, partitionId, partition] of partitionsOf(image)) {
    if (!partition.isr.includes(brokerId) && partition.leader !== brokerId) continue
    if (!isConcerned(partition)) continue
    const rest = partition.isr.filter((id) => id !== brokerId)
    const isr = rest.length > 0 && rest.length < partition.isr.length ? rest : null
    const leads = partition.leader === brokerId
    const next = leads ? successor(image, partition, brokerId) : partition.leader
    // While it is shutting down, a partition that nobody else could lead stays with it.
    const leader = leads && (next !== NO_LEADER || fenced) ? next : null
    if (isr === null && leader === null) continue
    records.push(make('PartitionChangeRecord', { topicId, partitionId, isr, ...(leader === null ? {} : { leader }) }))
  }
  return records
}

function successor(image: MetadataImage, partition: PartitionImage, without: number): number {
  const able = (id: number) => id !== without && partition.isr.includes(id) && canLead(image.brokers.get(id), partition)
  return partition.replicas.find(able) ?? NO_LEADER
}

function* partitionsOf(image: MetadataImage): IterableIterator<[topicId: string, index: number, PartitionImage]> {
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) yield [topic.id, index, partition]
  }
}
