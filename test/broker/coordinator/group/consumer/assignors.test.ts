// assignor-vectors.json.gz: what UniformAssignor and RangeAssignor of Apache Kafka 4.4.0 made of random groups, in
// three rounds each between which members come and go and topics grow. Topics and members stand in the order of
// Kafka's maps.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { ASSIGNORS } from '../../../../../broker/coordinator/group/consumer/target.ts'

interface Vector {
  readonly assignor: string
  readonly homogeneous: boolean
  readonly topics: Readonly<Record<string, number>>
  readonly members: readonly {
    readonly id: string
    readonly instance: string | null
    readonly topics: readonly string[] | null
    readonly target: Readonly<Record<string, readonly number[]>>
    readonly next: Readonly<Record<string, readonly number[]>>
  }[]
}

const plain = (assignment: ReadonlyMap<string, ReadonlySet<number>> | undefined) =>
  Object.fromEntries(
    [...(assignment ?? [])].map(([topicId, partitions]) => [topicId, [...partitions].sort((a, b) => a - b)]),
  )

t.test('targets are those of Kafka’s assignors', async (t) => {
  const file = new URL('./assignor-vectors.json.gz', import.meta.url)
  const vectors: Vector[] = JSON.parse(gunzipSync(readFileSync(file)).toString())
  for (const [index, { assignor, homogeneous, topics, members }] of vectors.entries()) {
    const targets = ASSIGNORS[assignor]!({
      isHomogeneous: homogeneous,
      partitionCount: (topicId) => topics[topicId] ?? 0,
      members: members.map((member) => ({
        memberId: member.id,
        instanceId: member.instance,
        topicIds: new Set(member.topics ?? Object.keys(topics)),
        target: new Map(Object.entries(member.target).map(([topicId, partitions]) => [topicId, new Set(partitions)])),
      })),
    })
    const expected = Object.fromEntries(members.map(({ id, next }) => [id, next]))
    const actual = Object.fromEntries(members.map(({ id }) => [id, plain(targets.get(id))]))
    t.same(actual, expected, `${index}: ${assignor}`)
  }
  t.equal(vectors.length, 360)
})
