// sticky-vectors.json.gz: what StickyTaskAssignor of Apache Kafka 4.4.0 made of random groups, in three rounds each,
// between which members come and go and the number of standby tasks changes. Processes and members stand in the order
// of Kafka's maps.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { assignSticky } from '../../../../../broker/coordinator/group/streams/sticky-assignor.ts'
import { toTaskIds } from '../../../../../broker/coordinator/group/streams/tasks.ts'
import { subtopology } from './stream-thread.ts'

type Partitions = Readonly<Record<string, readonly number[]>>

interface Vector {
  /** Tasks, and 1 when it is stateful. */
  readonly subtopologies: Readonly<Record<string, readonly [number, number]>>
  readonly replicas: number
  readonly members: readonly {
    readonly id: string
    readonly process: string
    readonly active: Partitions
    readonly standby: Partitions
    readonly offsets: Readonly<Record<string, Readonly<Record<string, number>>>>
    readonly nextActive: Partitions
    readonly nextStandby: Partitions
  }[]
}

const tasks = (partitions: Partitions) => new Map(Object.entries(partitions).map(([id, all]) => [id, new Set(all)]))

function assign({ subtopologies, replicas, members }: Vector) {
  return assignSticky({
    standbyReplicas: replicas,
    subtopologies: new Map(
      Object.entries(subtopologies).map(([id, [taskCount, stateful]]) => {
        return [id, { taskCount, isStateful: stateful === 1, subtopology: subtopology(id, {}) }]
      }),
    ),
    members: members.map(({ id, process: processId, active, standby, offsets }) => ({
      memberId: id,
      processId,
      assigned: {
        active: new Map(Object.entries(active).map(([key, all]) => [key, new Map(all.map((one) => [one, 1]))])),
        standby: tasks(standby),
      },
      offsets: {
        endOffsets: new Map(),
        offsets: new Map(
          Object.entries(offsets).map(([key, all]) => {
            return [key, new Map(Object.entries(all).map(([partition, offset]) => [Number(partition), BigInt(offset)]))]
          }),
        ),
      },
    })),
  })
}

t.test('targets are those of Kafka’s assignor', async (t) => {
  const file = new URL('./sticky-vectors.json.gz', import.meta.url)
  const vectors: Vector[] = JSON.parse(gunzipSync(readFileSync(file)).toString())
  for (const [index, vector] of vectors.entries()) {
    const targets = assign(vector)
    const expected = vector.members.map(({ id, nextActive, nextStandby }) => {
      return [id, toTaskIds(tasks(nextActive)), toTaskIds(tasks(nextStandby))]
    })
    const actual = vector.members.map(({ id }) => {
      const target = targets.get(id)
      return [id, toTaskIds(target?.active ?? new Map()), toTaskIds(target?.standby ?? new Map())]
    })
    t.same(actual, expected, `${index}`)
  }
  t.equal(vectors.length, 360)
})
