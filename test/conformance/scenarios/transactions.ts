// Transactions, by the rules of every version: who may do what in which state, what is fenced, what consumers of
// committed records see. Decisions are carried out after they are answered, so states are asked for until they settle.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import { batch, Topic } from './data.ts'

const GROUPS = '__consumer_offsets'
const TIMEOUT_MS = 60_000

/** Records are of long ago and markers of today: neither begins a new segment, or ends an old one. */
export function created(s: Session, name: string, partitions = 1): Promise<Topic> {
  return Topic.create(s, name, partitions, { 'segment.ms': '9223372036854775807', 'retention.ms': '-1' })
}

/** A transactional producer in single requests. */
export class Producer {
  readonly #session: Session
  readonly transactionalId: string
  producerId = -1n
  producerEpoch = -1

  constructor(session: Session, transactionalId: string) {
    this.#session = session
    this.transactionalId = transactionalId
  }

  /** Until it is let in: the coordinator may be loading, or an earlier transaction being ended. */
  async init(label: string): Promise<this> {
    const body = { transactionalId: this.transactionalId, transactionTimeoutMs: TIMEOUT_MS }
    const answer = await this.#session.settled(label, 'InitProducerId', 5, body, ({ errorCode }) => errorCode === 0)
    this.producerId = answer?.producerId ?? -1n
    this.producerEpoch = answer?.producerEpoch ?? -1
    return this
  }

  get identity() {
    const { transactionalId, producerId, producerEpoch } = this
    return { transactionalId, producerId, producerEpoch }
  }

  add(label: string, version: number, topics: Topics, changes: Partial<Identity> = {}) {
    return this.#session.ask(
      label,
      'AddPartitionsToTxn',
      version,
      addBody(version, { ...this.identity, ...changes }, topics),
    )
  }

  end(label: string, version: number, committed: boolean, changes: Partial<Identity> = {}) {
    return this.#session.ask(label, 'EndTxn', version, { ...this.identity, committed, ...changes })
  }

  /** Takes on what the answer of v5 says. */
  async endAndGoOn(label: string, committed: boolean): Promise<void> {
    const answer = await this.end(label, 5, committed)
    if (answer?.errorCode !== ErrorCode.NONE) return
    this.producerId = answer.producerId
    this.producerEpoch = answer.producerEpoch
  }

  produce(
    label: string,
    version: number,
    topic: Topic,
    baseSequence: number,
    changes: Partial<Identity> = {},
    index = 0,
  ) {
    const { transactionalId, producerId, producerEpoch } = { ...this.identity, ...changes }
    const records = batch(1, { transactional: true, producerId, producerEpoch, baseSequence })
    return topic.produce(label, version, records, { transactionalId }, index)
  }

  commitOffset(label: string, version: number, groupId: string, topic: Topic, offset: bigint, more: TxnCommit = {}) {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'm' }]
    const topics = [{ name: topic.name, topicId: topic.id, partitions }]
    return this.#session.ask(label, 'TxnOffsetCommit', version, { ...this.identity, groupId, topics, ...more })
  }

  /** Asked until the last decision is carried out. */
  settled(label: string) {
    const body = { transactionalIds: [this.transactionalId] }
    return this.#session.settled(label, 'DescribeTransactions', 0, body, ({ transactionStates: [state] }) => {
      return state === undefined || !state.transactionState.startsWith('Prepare')
    })
  }
}

type Identity = Producer['identity']
type Topics = readonly { readonly name: string; readonly partitions: readonly number[] }[]
type TxnCommit = Partial<RequestInputOf<'TxnOffsetCommit'>>

function addBody(
  version: number,
  identity: Identity,
  topics: Topics,
  verifyOnly = false,
): RequestInputOf<'AddPartitionsToTxn'> {
  if (version >= 4) return { transactions: [{ ...identity, verifyOnly, topics }] }
  return {
    v3AndBelowTransactionalId: identity.transactionalId,
    v3AndBelowProducerId: identity.producerId,
    v3AndBelowProducerEpoch: identity.producerEpoch,
    v3AndBelowTopics: topics,
  }
}

/** The topic of the coordinators is there, and loaded. */
export async function ready(s: Session, name: string): Promise<void> {
  await s.coordinator(`${name}-group`)
  const key = { keyType: 1, coordinatorKeys: [name] }
  await s.settled('its coordinator', 'FindCoordinator', 4, key, ({ coordinators: [found] }) => found?.errorCode === 0)
  await new Producer(s, name).init('the first of all')
}

async function initialisation(s: Session): Promise<void> {
  await ready(s, 'init')
  for (const version of versionsOf('InitProducerId')) {
    const transactionalId = `init-v${version}`
    const init = (label: string, body: Partial<RequestInputOf<'InitProducerId'>>) =>
      s.ask(label, 'InitProducerId', version, { transactionalId, transactionTimeoutMs: TIMEOUT_MS, ...body })
    await init('no transactional id at all', { transactionalId: '' })
    await init('a timeout of 0', { transactionTimeoutMs: 0 })
    await init('a negative timeout', { transactionTimeoutMs: -1 })
    await init('the longest timeout', { transactionTimeoutMs: 900_000 })
    await init('a timeout that is too long', { transactionTimeoutMs: 900_001 })
    await new Producer(s, transactionalId).init(`the first, before v${version}`)
    const answer = await init('the next', {})
    if (version < 3) continue
    const { producerId = -1n, producerEpoch = -1 } = answer ?? {}
    await init('going on', { producerId, producerEpoch })
    await init('going on, again', { producerId, producerEpoch })
    await init('going on from long ago', { producerId, producerEpoch: producerEpoch - 1 })
    await init('going on from an epoch to come', { producerId, producerEpoch: producerEpoch + 5 })
    await init('going on as somebody else', { producerId: producerId + 1000n, producerEpoch })
    await init('a producer id without an epoch', { producerId })
    await init('an epoch without a producer id', { producerEpoch })
    await init('somebody new', {})
    await init('going on, after somebody new', { producerId, producerEpoch: producerEpoch + 1 })
  }
}

async function classic(s: Session): Promise<void> {
  await ready(s, 'classic')
  for (const version of versionsOf('AddPartitionsToTxn')) {
    const topic = await created(s, `classic-v${version}`, 2)
    const producer = await new Producer(s, `classic-v${version}`).init(`the first, before v${version}`)
    const partitions = [{ name: topic.name, partitions: [0] }]
    const end = Math.min(version, 4)
    const end2 = (label: string, committed: boolean, changes = {}) =>
      producer.end(`${label}, added by v${version}`, end, committed, changes)
    await end2('commit before anything', true)
    await end2('abort before anything', false)
    await producer.add('an unknown topic', version, [{ name: 'classic-absent', partitions: [0] }, ...partitions])
    await producer.add('an unknown partition', version, [{ name: topic.name, partitions: [0, 9] }])
    await producer.add('an internal topic', version, [{ name: GROUPS, partitions: [0] }])
    await producer.add('an unknown id', version, partitions, { transactionalId: 'classic-nobody' })
    await producer.add('no id', version, partitions, { transactionalId: '' })
    await producer.add('another producer', version, partitions, { producerId: producer.producerId + 1000n })
    await producer.add('an epoch of before', version, partitions, { producerEpoch: producer.producerEpoch - 1 })
    await producer.add('an epoch to come', version, partitions, { producerEpoch: producer.producerEpoch + 1 })
    await producer.settled(`before it begins, v${version}`)
    await producer.add('one partition', version, partitions)
    await producer.add('the same', version, partitions)
    await producer.settled(`open, v${version}`)
    await producer.produce(`to a partition that is not part of it, added by v${version}`, 9, topic, 0, {}, 1)
    await producer.produce(`to a partition that is part of it, added by v${version}`, 9, topic, 0)
    await producer.produce(`more, added by v${version}`, 11, topic, 1)
    await end2('commit as another producer', true, { producerId: producer.producerId + 1000n })
    await end2('commit in an epoch of before', true, { producerEpoch: producer.producerEpoch - 1 })
    await end2('commit in an epoch to come', true, { producerEpoch: producer.producerEpoch + 1 })
    await end2('commit of an unknown id', true, { transactionalId: 'classic-nobody' })
    await end2('commit of no id', true, { transactionalId: '' })
    await end2('commit', true)
    await producer.settled(`committed, v${version}`)
    await end2('commit again', true)
    await end2('abort after the commit', false)
    await producer.produce(`after the commit, added by v${version}`, 9, topic, 2)
    await producer.add('the next', version, [{ name: topic.name, partitions: [1] }])
    await producer.produce(`in the next, added by v${version}`, 9, topic, 0, {}, 1)
    await end2('abort', false)
    await producer.settled(`aborted, v${version}`)
    await end2('abort again', false)
    await end2('commit after the abort', true)
    await producer.produce(`a late batch, added by v${version}`, 9, topic, 1, {}, 1)
    await described(s, topic, `after all, v${version}`)
  }
  for (const version of versionsOf('EndTxn', 0, 4)) {
    const producer = await new Producer(s, `ended-v${version}`).init(`the first, before EndTxn v${version}`)
    await producer.end('nothing to end', version, true)
    await producer.end('in an epoch of before', version, true, { producerEpoch: producer.producerEpoch - 1 })
  }
}

/** What the log knows of producers, and what a consumer of committed records sees. */
export async function described(s: Session, topic: Topic, label: string): Promise<void> {
  await s.ask(`producers ${label}`, 'DescribeProducers', 0, {
    topics: [{ name: topic.name, partitionIndexes: [0, 1] }],
  })
  for (const isolationLevel of [0, 1]) {
    const partitions = [0, 1].map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes: 1 << 20 }))
    await s.ask(`read at level ${isolationLevel} ${label}`, 'Fetch', 11, {
      ...{ maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, isolationLevel, sessionId: 0, sessionEpoch: -1 },
      ...{ forgottenTopicsData: [], rackId: '', topics: [{ topic: topic.name, partitions }] },
    })
    await s.ask(`its end at level ${isolationLevel} ${label}`, 'ListOffsets', 7, {
      ...{ replicaId: -1, isolationLevel },
      topics: [{ name: topic.name, partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1n })) }],
    })
  }
}

async function bumping(s: Session): Promise<void> {
  await ready(s, 'bumping')
  const topic = await created(s, 'bumping', 2)
  const producer = await new Producer(s, 'bumping-one').init('the first')
  await producer.end('commit before anything', 5, true)
  await producer.endAndGoOn('abort before anything', false)
  await producer.settled('after an abort of nothing')
  await producer.produce('without being asked for', 12, topic, 0)
  await producer.settled('open')
  await producer.produce('more', 13, topic, 1)
  await producer.produce('out of order in another partition', 12, topic, 5, {}, 1)
  await producer.produce('in another partition', 12, topic, 0, {}, 1)
  await producer.produce('in an epoch of before', 12, topic, 2, { producerEpoch: producer.producerEpoch - 1 })
  await producer.produce('in an epoch to come', 12, topic, 0, { producerEpoch: producer.producerEpoch + 1 })
  await producer.produce('as somebody unknown', 12, topic, 0, {
    transactionalId: 'bumping-nobody',
    producerEpoch: producer.producerEpoch + 1,
  })
  await described(s, topic, 'while it is open')
  const before = producer.producerEpoch
  await producer.endAndGoOn('commit', true)
  await producer.settled('committed')
  await producer.end('commit again, in the epoch of before', 5, true, { producerEpoch: before })
  await producer.end('abort in the epoch of before', 5, false, { producerEpoch: before })
  await producer.end('commit of nothing', 5, true)
  await producer.end('commit in an epoch of long ago', 5, true, { producerEpoch: before - 1 })
  await producer.end('commit in an epoch to come', 5, true, { producerEpoch: before + 5 })
  await producer.produce('a late batch of the epoch of before', 12, topic, 2, { producerEpoch: before })
  await producer.produce('a late batch of before, by older words', 11, topic, 2, { producerEpoch: before })
  await producer.produce('in the next', 12, topic, 0)
  await producer.end('a late commit of the one before', 5, true, { producerEpoch: before })
  await producer.end('a late commit of the one before, by older words', 4, true, { producerEpoch: before })
  await producer.settled('the next is open')
  await producer.endAndGoOn('abort', false)
  await producer.settled('aborted')
  await producer.endAndGoOn('abort of nothing', false)
  await producer.settled('aborted with nothing')
  await described(s, topic, 'after all')
}

async function verifying(s: Session): Promise<void> {
  await ready(s, 'verifying')
  const topic = await created(s, 'verifying', 2)
  const one = await new Producer(s, 'verifying-one').init('the first')
  const two = await new Producer(s, 'verifying-two').init('the second')
  for (const version of [9, 10, 11, 12]) {
    if (version < 12) await one.produce('to nothing that it is part of', version, topic, 0)
    await one.produce('of an unknown id', version, topic, 0, { transactionalId: 'verifying-nobody' })
    await one.produce('of another producer', version, topic, 0, { producerId: one.producerId + 1000n })
    await one.produce('in an epoch of before', version, topic, 0, { producerEpoch: one.producerEpoch - 1 })
    const both = [one, two].map(({ producerId, producerEpoch }) =>
      batch(1, { transactional: true, producerId, producerEpoch, baseSequence: 0 }),
    )
    await s.ask('of two producers', 'Produce', version, {
      ...{ acks: -1, timeoutMs: 5000, transactionalId: one.transactionalId },
      topicData: [
        { name: topic.name, topicId: topic.id, partitionData: both.map((records, index) => ({ index, records })) },
      ],
    })
  }
  for (const version of [4, 5]) {
    const topics = [{ name: topic.name, partitions: [0, 1] }]
    const absent = [{ name: 'verifying-absent', partitions: [0] }]
    await s.ask('verified and not open', 'AddPartitionsToTxn', version, addBody(version, one.identity, topics, true))
    await s.ask('some added, some verified', 'AddPartitionsToTxn', version, {
      transactions: [
        { ...one.identity, verifyOnly: false, topics: [{ name: topic.name, partitions: [0] }] },
        { ...two.identity, verifyOnly: true, topics },
        { ...two.identity, transactionalId: 'verifying-nobody', verifyOnly: true, topics: absent },
      ],
    })
    await s.ask('verified in part', 'AddPartitionsToTxn', version, addBody(version, one.identity, topics, true))
    await s.ask(
      'verified as another',
      'AddPartitionsToTxn',
      version,
      addBody(version, { ...one.identity, producerId: 77_777n }, topics, true),
    )
    await s.ask(
      'verified in another epoch',
      'AddPartitionsToTxn',
      version,
      addBody(version, { ...one.identity, producerEpoch: 9 }, topics, true),
    )
    await one.end(`ended, v${version}`, 4, false)
    await one.settled(`ended, v${version}`)
  }
}

async function offsets(s: Session): Promise<void> {
  await ready(s, 'offsets')
  const topic = await created(s, 'txn-offsets')
  for (const version of versionsOf('TxnOffsetCommit')) {
    const group = `txn-offsets-v${version}`
    const producer = await new Producer(s, `offsets-v${version}`).init(`the first, before v${version}`)
    const add = (label: string, changes = {}) =>
      s.ask(`${label}, before v${version}`, 'AddOffsetsToTxn', Math.min(version, 4), {
        ...producer.identity,
        groupId: group,
        ...changes,
      })
    const fetch = (label: string, requireStable: boolean) =>
      s.ask(`${label}, after v${version}, ${requireStable ? 'stable' : 'any'}`, 'OffsetFetch', 7, {
        ...{ groupId: group, requireStable, topics: [{ name: topic.name, partitionIndexes: [0, 1] }] },
      })
    if (version < 5) {
      await producer.commitOffset('without its partition', version, group, topic, 1n)
      await add('an unknown id', { transactionalId: 'offsets-nobody' })
      await add('in an epoch of before', { producerEpoch: producer.producerEpoch - 1 })
      await add('its partition')
    }
    await producer.commitOffset('one', version, group, topic, 5n)
    await producer.commitOffset('another', version, group, topic, 6n)
    await producer.commitOffset('in an epoch of before', version, group, topic, 7n, {
      producerEpoch: producer.producerEpoch - 1,
    })
    await producer.commitOffset(
      'of an unknown topic',
      version,
      group,
      new Topic(s, 'txn-offsets-absent', 'unknown-unknown-unknow'),
      7n,
    )
    await producer.commitOffset('of an unknown group', version, '', topic, 7n)
    if (version >= 3) {
      await producer.commitOffset('as a member of a later generation', version, group, topic, 7n, {
        generationIdOrMemberEpoch: 3,
        memberId: 'm',
      })
      await producer.commitOffset('as a member of no group', version, `${group}-none`, topic, 7n, {
        generationIdOrMemberEpoch: 3,
        memberId: 'm',
      })
    }
    await producer.settled(`open, v${version}`)
    await fetch('before it is committed', false)
    await fetch('before it is committed', true)
    await producer.end(`commit, after v${version}`, version >= 5 ? 5 : Math.min(version, 4), true)
    await producer.settled(`committed, v${version}`)
    await s.settled(
      `until it is committed, after v${version}`,
      'OffsetFetch',
      7,
      {
        ...{ groupId: group, requireStable: true, topics: [{ name: topic.name, partitionIndexes: [0] }] },
      },
      ({ topics }) => topics?.[0]?.partitions[0]?.errorCode === 0,
    )
    const next = await new Producer(s, `offsets-v${version}`).init(`the next, after v${version}`)
    if (version < 5) await s.ask(`the next, v${version}`, 'AddOffsetsToTxn', 4, { ...next.identity, groupId: group })
    await next.commitOffset('to be aborted', version, group, topic, 9n)
    await next.end(`abort, after v${version}`, version >= 5 ? 5 : Math.min(version, 4), false)
    await next.settled(`aborted, v${version}`)
    await fetch('after an abort', true)
  }
}

async function fencing(s: Session): Promise<void> {
  await ready(s, 'fencing')
  const topic = await created(s, 'fencing', 2)
  for (const version of [9, 12]) {
    const old = await new Producer(s, `fenced-v${version}`).init(`the first, v${version}`)
    if (version < 12) await old.add(`open, v${version}`, 3, [{ name: topic.name, partitions: [0] }])
    await old.produce('open', version, topic, 0)
    await s.ask(`a new one, while v${version} is open`, 'InitProducerId', 5, {
      transactionalId: old.transactionalId,
      transactionTimeoutMs: TIMEOUT_MS,
    })
    await old.settled(`fenced, v${version}`)
    await described(s, topic, `once it is fenced, v${version}`)
    const next = await new Producer(s, old.transactionalId).init(`the new one, v${version}`)
    await old.produce('of the zombie', version, topic, 1)
    await old.end(`commit of the zombie, v${version}`, version >= 12 ? 5 : 4, true)
    await old.end(`abort of the zombie, v${version}`, version >= 12 ? 5 : 4, false)
    await old.add(`added by the zombie, v${version}`, 3, [{ name: topic.name, partitions: [1] }])
    await old.add(`added by the zombie, by old words, v${version}`, 0, [{ name: topic.name, partitions: [1] }])
    await s.ask(`the zombie goes on, v${version}`, 'InitProducerId', 5, {
      ...old.identity,
      transactionTimeoutMs: TIMEOUT_MS,
    })
    await s.ask(`the zombie goes on, by old words, v${version}`, 'InitProducerId', 3, {
      ...old.identity,
      transactionTimeoutMs: TIMEOUT_MS,
    })
    await next.settled(`the new one, v${version}`)
  }
}

async function markers(s: Session): Promise<void> {
  await ready(s, 'markers')
  for (const version of versionsOf('WriteTxnMarkers')) {
    const topic = await created(s, `markers-v${version}`, 2)
    await new Producer(s, `markers-v${version}`).init(`the first, before v${version}`)
    const producer = await new Producer(s, `markers-v${version}`).init(`the second, before v${version}`)
    await producer.add(`open, before v${version}`, 3, [{ name: topic.name, partitions: [0, 1] }])
    await producer.produce(`open, before v${version}`, 9, topic, 0)
    const { producerId, producerEpoch } = producer
    type Marker = RequestInputOf<'WriteTxnMarkers'>['markers'][number]
    const write = (label: string, changes: Partial<Marker> = {}) =>
      s.ask(label, 'WriteTxnMarkers', version, {
        markers: [
          {
            ...{ producerId, producerEpoch, transactionResult: false, coordinatorEpoch: 0, transactionVersion: 0 },
            ...{ topics: [{ name: topic.name, partitionIndexes: [0] }], ...changes },
          },
        ],
      })
    await s.ask('no markers', 'WriteTxnMarkers', version, { markers: [] })
    await write('to an unknown topic', { topics: [{ name: 'markers-absent', partitionIndexes: [0] }] })
    await write('to an unknown partition', { topics: [{ name: topic.name, partitionIndexes: [7] }] })
    await write('in an epoch of before', { producerEpoch: producerEpoch - 1 })
    if (version >= 2) await write('in the same epoch, by the rules of 2', { transactionVersion: 2 })
    await write('abort')
    await write('abort again')
    await write('commit after the abort', { transactionResult: true })
    await write('by an older coordinator', { coordinatorEpoch: -1 })
    if (version >= 2) await write('in the same epoch, by the rules of 2, and nothing open', { transactionVersion: 2 })
    await write('to where nothing is open', { topics: [{ name: topic.name, partitionIndexes: [1] }] })
    await write('of a producer that nobody knows', { producerId: producerId + 5000n })
    await described(s, topic, `after markers, v${version}`)
  }
}

async function listing(s: Session): Promise<void> {
  await ready(s, 'listing')
  const topic = await created(s, 'listing')
  const empty = await new Producer(s, 'listed-empty').init('nothing yet')
  const open = await new Producer(s, 'listed-open').init('to be open')
  await open.produce('open', 12, topic, 0)
  const done = await new Producer(s, 'listed-done').init('to be done')
  await done.produce('done', 12, topic, 0)
  await done.end('done', 5, true)
  await done.settled('done')
  const ids = ['listed-empty', 'listed-open', 'listed-done', 'listed-absent', '']
  for (const transactionalId of ids) {
    await s.ask(`of '${transactionalId}'`, 'DescribeTransactions', 0, { transactionalIds: [transactionalId] })
  }
  await s.ask('of none', 'DescribeTransactions', 0, { transactionalIds: [] })
  for (const version of versionsOf('ListTransactions')) {
    const producerIdFilters = [empty, open, done].map(({ producerId }) => producerId)
    const list = async (label: string, filter: Partial<RequestInputOf<'ListTransactions'>>) => {
      const body = { stateFilters: [], producerIdFilters, ...filter }
      const answer = await s.get('ListTransactions', version, body)
      const transactionStates = answer.transactionStates.toSorted((a, b) =>
        a.transactionalId < b.transactionalId ? -1 : 1,
      )
      s.note(label, 'ListTransactions', version, { ...answer, transactionStates })
    }
    await list('of three producers', {})
    await list('open ones', { stateFilters: ['Ongoing'] })
    await list('open or empty ones', { stateFilters: ['Ongoing', 'Empty'] })
    await list('in a state that there is not', { stateFilters: ['Asleep'] })
    await list('in a state that there is not, or open', { stateFilters: ['Asleep', 'Ongoing'] })
    await list('dead ones', { stateFilters: ['Dead', 'PrepareEpochFence'] })
    await list('of an unknown producer', { producerIdFilters: [900_000n] })
    if (version < 1) continue
    await list('for longer than an hour', { durationFilter: 3_600_000n })
    await list('for longer than nothing', { durationFilter: 0n })
    await list('for longer than less than nothing', { durationFilter: -5n })
    if (version < 2) continue
    await list('by an empty pattern', { transactionalIdPattern: '' })
    await list('by a pattern', { transactionalIdPattern: 'listed-(open|done)' })
    await list('by a pattern of a part', { transactionalIdPattern: 'open' })
    await list('by a pattern that is none', { transactionalIdPattern: '(' })
  }
}

export const transactionScenarios: Readonly<Record<string, Scenario>> = {
  'transactions: initialisation': initialisation,
  'transactions: by the old rules': classic,
  'transactions: an epoch for each': bumping,
  'transactions: verified': verifying,
  'transactions: offsets': offsets,
  'transactions: fencing': fencing,
  'transactions: markers': markers,
  'transactions: listing': listing,
}
