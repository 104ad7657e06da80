// What operators do to a cluster of one node: features, the quorum, elections, reassignments, brokers taken out.

import { type Scenario, type Session, versionsOf, ZERO_UUID } from '../session.ts'

const UPGRADE = 1
const SAFE_DOWNGRADE = 2
const UNSAFE_DOWNGRADE = 3
const NODE = 1

async function features(s: Session): Promise<void> {
  for (const version of versionsOf('UpdateFeatures')) {
    type Update = [feature: string, level: number, upgradeType?: number]
    const update = (label: string, updates: Update[], validateOnly = false) =>
      s.ask(label, 'UpdateFeatures', version, {
        validateOnly: version > 0 && validateOnly,
        featureUpdates: updates.map(([feature, maxVersionLevel, upgradeType = UPGRADE]) =>
          version === 0
            ? { feature, maxVersionLevel, allowDowngrade: upgradeType !== UPGRADE }
            : { feature, maxVersionLevel, upgradeType },
        ),
      })
    await update('the level that it has', [['group.version', 1]])
    await update('no updates', [])
    await update('an unknown feature', [['no.such.feature', 1]])
    await update('an unknown feature to 0', [['no.such.feature', 0, SAFE_DOWNGRADE]])
    await update('a level beyond the supported', [['group.version', 9]])
    await update('a negative level', [['group.version', -1]])
    await update('a downgrade without saying so', [['streams.version', 0]])
    await update('validated only', [['streams.version', 0, SAFE_DOWNGRADE]], true)
    await update('an upgrade called a downgrade', [['group.version', 2, SAFE_DOWNGRADE]])
    await update('the same twice', [
      ['group.version', 1],
      ['group.version', 0, SAFE_DOWNGRADE],
    ])
    await update('back to where it was', [['group.version', 1]])
    await update('an empty name', [['', 1]])
    await update('one good and one bad', [
      ['share.version', 2],
      ['no.such.feature', 1],
    ])
    await update('a safe downgrade', [['streams.version', 0, SAFE_DOWNGRADE]])
    await update('and back again', [['streams.version', 1]])
    await update('an unsafe downgrade', [['streams.version', 0, UNSAFE_DOWNGRADE]])
    await update('back once more', [['streams.version', 1]])
    await update('metadata below the least', [['metadata.version', 1, SAFE_DOWNGRADE]])
    await update('metadata to 0', [['metadata.version', 0, SAFE_DOWNGRADE]])
    await update('metadata beyond the supported', [['metadata.version', 99]])
    await update('metadata that loses something', [['metadata.version', 29, SAFE_DOWNGRADE]])
    await update('metadata that loses something, unsafely', [['metadata.version', 7, UNSAFE_DOWNGRADE]], true)
    await update('metadata that loses nothing', [['metadata.version', 32, SAFE_DOWNGRADE]], true)
    await update('metadata at what it is', [['metadata.version', 33]], true)
    await update('the version of the quorum', [['kraft.version', 1]])
    await update('the version of the quorum, down', [['kraft.version', 0, SAFE_DOWNGRADE]])
    if (version === 0) continue
    await update('an unknown upgrade type', [['group.version', 1, 9]])
    await update('upgrade type 0', [['group.version', 1, 0]])
  }
  await s.settled(
    'now',
    'ApiVersions',
    4,
    { clientSoftwareName: 'conformance', clientSoftwareVersion: '1' },
    (body) => body.finalizedFeatures.length >= 6,
  )
}

async function quorum(s: Session): Promise<void> {
  for (const version of versionsOf('DescribeQuorum')) {
    const ask = (label: string, topics: { topicName: string; partitions: { partitionIndex: number }[] }[]) =>
      s.ask(label, 'DescribeQuorum', version, { topics })
    const metadata = '__cluster_metadata'
    await metadataLog(s, version)
    await ask('another partition', [{ topicName: metadata, partitions: [{ partitionIndex: 1 }] }])
    await ask('two partitions', [{ topicName: metadata, partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] }])
    await ask('no partitions', [{ topicName: metadata, partitions: [] }])
    await ask('another topic', [{ topicName: 'other', partitions: [{ partitionIndex: 0 }] }])
    await ask('no topics', [])
  }
  const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9 }]
  const other = 'QUFBQUFBQUFBQUFBQUFBQQ'
  for (const version of versionsOf('AddRaftVoter')) {
    const add = (label: string, fields: object) =>
      s.ask(label, 'AddRaftVoter', version, {
        clusterId: null,
        timeoutMs: 1000,
        voterId: 2,
        voterDirectoryId: other,
        listeners,
        ...fields,
      })
    await add('a voter of another cluster', { clusterId: 'another' })
    await add('a voter that is one', { voterId: NODE })
    await add('a voter without the listener', { listeners: [{ name: 'OTHER', host: '127.0.0.1', port: 9 }] })
    await add('a voter without listeners', { listeners: [] })
    await add('a negative voter', { voterId: -1 })
  }
  const remove = (label: string, fields: object) =>
    s.ask(label, 'RemoveRaftVoter', 0, { clusterId: null, voterId: 2, voterDirectoryId: other, ...fields })
  await remove('of another cluster', { clusterId: 'another' })
  await remove('an unknown voter', {})
  await remove('this voter, of another directory', { voterId: NODE })
  await remove('a voter without directory', { voterId: NODE, voterDirectoryId: ZERO_UUID })
  const described = await s.get('DescribeQuorum', 2, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  })
  const voterDirectoryId = described.topics[0]?.partitions[0]?.currentVoters[0]?.replicaDirectoryId ?? ZERO_UUID
  await remove('the only voter', { voterId: NODE, voterDirectoryId })
  await s.ask('an unknown one', 'UnregisterController', 0, { controllerId: 77 })
  await s.ask('a negative one', 'UnregisterController', 0, { controllerId: -1 })
  await s.ask('the active one', 'UnregisterController', 0, { controllerId: NODE })
  await s.ask('an unknown one', 'UnregisterBroker', 0, { brokerId: 77 })
  await s.ask('a negative one', 'UnregisterBroker', 0, { brokerId: -1 })
}

/** Where the log ends is each broker's own affair; that all of it is committed is not. */
async function metadataLog(s: Session, version: number): Promise<void> {
  const body = await s.get('DescribeQuorum', version, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  })
  const topics = body.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map((partition) => ({
      ...partition,
      highWatermark: partition.highWatermark > 0n ? 1n : partition.highWatermark,
      currentVoters: partition.currentVoters.map((voter) => ({
        ...voter,
        logEndOffset: voter.logEndOffset - partition.highWatermark,
      })),
    })),
  }))
  s.note('the metadata log', 'DescribeQuorum', version, { ...body, topics })
}

async function elections(s: Session): Promise<void> {
  await s.topic('elected', 2)
  for (const version of versionsOf('ElectLeaders')) {
    for (const electionType of version === 0 ? [0] : [0, 1, 2]) {
      const elect = (label: string, topicPartitions: { topic: string; partitions: number[] }[] | null) =>
        s.ask(`${label}, type ${electionType}`, 'ElectLeaders', version, { electionType, topicPartitions })
      await elect('two partitions', [{ topic: 'elected', partitions: [0, 1] }])
      await elect('an unknown partition', [{ topic: 'elected', partitions: [0, 7] }])
      await elect('an unknown topic', [{ topic: 'elected-absent', partitions: [0] }])
      await elect('a partition twice', [{ topic: 'elected', partitions: [0, 0] }])
      await elect('a topic twice', [
        { topic: 'elected', partitions: [0] },
        { topic: 'elected', partitions: [1] },
      ])
      await elect('no partitions', [{ topic: 'elected', partitions: [] }])
      await elect('nothing', [])
      await elect('all', null)
    }
  }
}

async function reassignments(s: Session): Promise<void> {
  await s.topic('reassigned', 2)
  for (const version of versionsOf('AlterPartitionReassignments')) {
    type Wanted = [partition: number, replicas: number[] | null]
    const alter = (label: string, wanted: Wanted[], name = 'reassigned', allowReplicationFactorChange = true) =>
      s.ask(label, 'AlterPartitionReassignments', version, {
        ...(version > 0 ? { allowReplicationFactorChange } : {}),
        topics: [{ name, partitions: wanted.map(([partitionIndex, replicas]) => ({ partitionIndex, replicas })) }],
      })
    await alter('where it is', [[0, [NODE]]])
    await alter('to an unknown broker', [[0, [77]]])
    await alter('to an unknown broker as well', [[0, [NODE, 77]]])
    await alter('to no broker', [[0, []]])
    await alter('to a broker twice', [[0, [NODE, NODE]]])
    await alter('to a negative broker', [[0, [-1]]])
    await alter('cancelled where none is', [[0, null]])
    await alter('an unknown partition', [[7, [NODE]]])
    await alter('an unknown partition, cancelled', [[7, null]])
    await alter('an unknown topic', [[0, [NODE]]], 'reassigned-absent')
    await alter('a partition twice', [
      [0, [NODE]],
      [0, [NODE]],
    ])
    await alter('one good and one bad', [
      [0, [NODE]],
      [1, [77]],
    ])
    await alter('no partitions', [])
    if (version > 0) {
      await alter('without another factor', [[0, [NODE]]], 'reassigned', false)
      await alter('another factor where that is forbidden', [[0, [NODE, 77]]], 'reassigned', false)
    }
    await s.ask('no topics', 'AlterPartitionReassignments', version, { topics: [] })
  }
  const list = (label: string, topics: { name: string; partitionIndexes: number[] }[] | null) =>
    s.ask(label, 'ListPartitionReassignments', 0, { topics })
  await list('all', null)
  await list('none', [])
  await list('of a topic', [{ name: 'reassigned', partitionIndexes: [0, 1, 7] }])
  await list('of an unknown topic', [{ name: 'reassigned-absent', partitionIndexes: [0] }])
}

export const operatingScenarios: Readonly<Record<string, Scenario>> = { features, quorum, elections, reassignments }
