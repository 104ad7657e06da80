// A thousand consumer groups and more on a broker of their own, each with a member and committed offsets: what they
// take to come, to be, to be asked about, and to be there again after a stop and after a kill.

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, residentSize } from '../sampler.ts'
import { type Figures, Latencies } from '../statistics.ts'
import { Admin } from './admin.ts'
import { BrokerProcess, type Kind } from './broker.ts'

const topic = 'read'
const partitions = 12
const committed = 7n
/** They join at the same time, each through one of so many connections. */
const joiners = 20
/** Longer than the case: members do not have to send heartbeats. */
const sessionTimeoutMs = 1_200_000
const rounds = 50
const settleMs = 2000
const pollMs = 10

export async function manyGroups(kind: Kind, count: number): Promise<Figures> {
  const broker = await BrokerProcess.started(kind)
  try {
    const admin = new Admin(broker.bootstrap)
    await admin.topic(topic, partitions)
    // What only the first group needs is not counted.
    await admin.awaitCoordinator('first')
    await come(admin, 'first')
    await sleep(settleMs)
    const before = { resident: residentSize(broker.pid), cpu: cpuSeconds(broker.pid) }
    const startedAt = performance.now()
    await comeTogether(broker.bootstrap, count)
    const figures: Figures = { 'join and commit s': (performance.now() - startedAt) / 1000 }
    await sleep(settleMs)
    figures['KB/group'] = (residentSize(broker.pid) - before.resident) / 1000 / count
    figures['CPU ms/group'] = ((cpuSeconds(broker.pid) - before.cpu) * 1000) / count
    Object.assign(figures, await asked(admin, count))
    admin.close()
    figures['clean restart s'] = await restarted(broker, 'SIGTERM', count)
    figures['restart after kill -9 s'] = await restarted(broker, 'SIGKILL', count)
    figures['restarted MB'] = residentSize(broker.pid) / 1e6
    return figures
  } finally {
    await broker.dispose()
  }
}

const nameOf = (index: number) => `group-${index}`

async function comeTogether(bootstrap: string, count: number): Promise<void> {
  let next = 0
  const some = async () => {
    const admin = new Admin(bootstrap)
    while (next < count) await come(admin, nameOf(next++))
    admin.close()
  }
  await Promise.all(Array.from({ length: joiners }, some))
}

/** A member joins and commits. */
async function come(admin: Admin, groupId: string): Promise<void> {
  const none = new Uint8Array()
  const protocols = [{ name: 'range', metadata: none }]
  const times = { sessionTimeoutMs, rebalanceTimeoutMs: sessionTimeoutMs }
  const joined = await admin.ask('JoinGroup', 3, {
    groupId,
    ...times,
    memberId: '',
    protocolType: 'consumer',
    protocols,
  })
  const { errorCode, generationId, memberId } = joined
  if (errorCode !== 0) throw new Error(`${groupId}: joining is answered with error ${errorCode}`)
  const identity = { groupId, generationId, memberId }
  const synced = await admin.ask('SyncGroup', 2, { ...identity, assignments: [{ memberId, assignment: none }] })
  if (synced.errorCode !== 0) throw new Error(`${groupId}: SyncGroup is answered with error ${synced.errorCode}`)
  const offset = { committedOffset: committed, committedMetadata: null }
  const offsets = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, ...offset }))
  const topics = [{ name: topic, partitions: offsets }]
  const { topics: answers } = await admin.ask('OffsetCommit', 5, {
    groupId,
    generationIdOrMemberEpoch: generationId,
    memberId,
    topics,
  })
  const failed = answers[0]?.partitions.find((each) => each.errorCode !== 0)
  if (failed !== undefined) throw new Error(`${groupId}: a commit is answered with error ${failed.errorCode}`)
}

async function asked(admin: Admin, count: number): Promise<Figures> {
  const group = (round: number) => nameOf((round * 7919) % count)
  const questions: Readonly<Record<string, (round: number) => Promise<boolean>>> = {
    ListGroups: async () => (await listed(admin)) >= count,
    DescribeGroups: async (round) => {
      const { groups } = await admin.ask('DescribeGroups', 3, { groups: [group(round)] })
      return groups[0]?.members.length === 1
    },
    OffsetFetch: (round) => hasOffsets(admin, group(round)),
    Metadata: async () => {
      const { topics } = await admin.ask('Metadata', 9, { topics: [{ name: topic }] })
      return topics[0]?.partitions.length === partitions
    },
  }
  const figures: Figures = {}
  for (const [name, ask] of Object.entries(questions)) {
    const latencies = new Latencies()
    for (let round = 0; round < rounds; round++) {
      const askedAt = performance.now()
      if (!(await ask(round))) throw new Error(`${name}: something is missing in the answer`)
      latencies.add(performance.now() - askedAt)
    }
    Object.assign(figures, latencies.figures(name))
  }
  return figures
}

/** How many groups it tells of; none while they are being loaded. */
async function listed(admin: Admin): Promise<number> {
  const { errorCode, groups } = await admin.ask('ListGroups', 2, {})
  return errorCode === 0 ? groups.length : 0
}

async function hasOffsets(admin: Admin, groupId: string): Promise<boolean> {
  const indexes = Array.from({ length: partitions }, (_, index) => index)
  const topics = [{ name: topic, partitionIndexes: indexes }]
  const answer = await admin.ask('OffsetFetch', 5, { groupId, topics })
  const found = answer.topics[0]?.partitions ?? []
  return answer.errorCode === 0 && found.every(({ committedOffset }) => committedOffset === committed)
}

/** From the start of the process until it tells of all groups, and of their offsets. */
async function restarted(broker: BrokerProcess, signal: 'SIGTERM' | 'SIGKILL', count: number): Promise<number> {
  await broker.stop(signal)
  const startedAt = performance.now()
  await broker.start()
  const admin = new Admin(broker.bootstrap)
  while ((await listed(admin)) < count) await sleep(pollMs)
  for (let index = 0; index < count; index += Math.ceil(count / rounds)) {
    while (!(await hasOffsets(admin, nameOf(index)))) await sleep(pollMs)
  }
  const seconds = (performance.now() - startedAt) / 1000
  admin.close()
  return seconds
}
