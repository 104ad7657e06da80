// Streams groups whose targets take more than one batch of `__consumer_offsets`.

import t from 'tap'
import { viewOf } from '../../../../../protocol/records/batch.ts'
import { BatchCursor } from '../../../../../protocol/records/cursor.ts'
import { TOPIC_IDS, World, writeLog } from '../harness.ts'
import { describeStreams, named, StreamThread } from './stream-thread.ts'

const SIZE = 1200
const IDS = Array.from({ length: SIZE }, (_, index) => `${index}`.padStart(1000, '-'))

const setPartitions = (world: World, partitionCount: number) =>
  world.topics.set('orders', { id: TOPIC_IDS.orders!, partitionCount })

/** Every task that is in somebody's target; of one that is in two there is one too many. */
async function targets(world: World): Promise<string[]> {
  const { members } = await describeStreams(world, 'app')
  return members.flatMap(({ targetAssignment }) => named(targetAssignment.activeTasks))
}

function batchEnds(log: Uint8Array): number[] {
  const ends: number[] = []
  const cursor = new BatchCursor()
  cursor.reset(log, viewOf(log), 0, log.length)
  while (cursor.next()) ends.push(cursor.position + cursor.size)
  return ends
}

t.test('a target that takes more than a batch of the log is given out all the same', async (t) => {
  const world = new World()
  await world.ready()
  setPartitions(world, SIZE)
  const threads = IDS.map((id) => new StreamThread(world, 'app', id))
  await Promise.all(threads.map((thread) => thread.heartbeat()))
  await world.run(5_000)
  t.equal(batchEnds(world.readLog()).length, SIZE + 2, 'a batch for each who joins, two for the first target')
  t.equal(new Set(await targets(world)).size, SIZE, 'a task each')

  setPartitions(world, 2 * SIZE)
  const [first] = threads
  t.equal(await first!.heartbeat(), 0)
  t.same([first!.tasks.length, new Set(await targets(world)).size], [2, 2 * SIZE], 'that of a heartbeat')
  const log = world.readLog()
  const ends = batchEnds(log)
  const { groupEpoch } = await describeStreams(world, 'app')

  // Of the target the first batch reached the disk, and not the second, nor anything later.
  const after = new World({ prepare: (node) => writeLog(node, log.subarray(0, ends.at(-2))) })
  setPartitions(after, 2 * SIZE)
  await after.ready()
  t.match(await describeStreams(after, 'app'), { groupState: 'Assigning', groupEpoch, assignmentEpoch: groupEpoch - 1 })
  await after.run(20_000)
  const last = new StreamThread(after, 'app', IDS.at(-1)!)
  t.equal(await last.heartbeat(), 0)
  const again = await targets(after)
  t.same([again.length, new Set(again).size, last.tasks.length], [2 * SIZE, 2 * SIZE, 2])
  t.match(await describeStreams(after, 'app'), { assignmentEpoch: groupEpoch })
})
