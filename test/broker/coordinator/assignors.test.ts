// assignor-vectors.json.gz: what UniformAssignor and RangeAssignor of Apache Kafka 4.4.0 made of random groups, in
// three rounds each between which members come and go and topics grow. Topics and members stand in the order of
// Kafka's maps.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { ASSIGNORS } from '../../../broker/coordinator/group/consumer/target.ts'
import { metadataHash, topicHash } from '../../../broker/coordinator/group/modern/metadata-hash.ts'
import { xxh3 } from '../../../broker/coordinator/group/modern/xxh3.ts'
import { TestTopics } from './topics.ts'

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

/** Length of the input, whose bytes are 31 i + 7, and what hash4j makes of it. */
const HASHES: readonly (readonly [number, bigint])[] = [
  [0, 3244421341483603138n],
  [1, 5502495245947142431n],
  [2, -6349423698422726873n],
  [3, 1582743943441612892n],
  [4, -2549016526957988167n],
  [7, 8458189580353027099n],
  [8, -2394039629164210130n],
  [9, -3754995788605292611n],
  [12, 5092156298037866404n],
  [16, 9099606716676871632n],
  [17, 2345212530088924167n],
  [31, -6253418322204177903n],
  [32, 278953543771952198n],
  [33, 1844846513307983686n],
  [64, -2508381663727503547n],
  [65, -381843323958800864n],
  [96, -3295001992457868926n],
  [100, -8316154546292524762n],
  [128, -492175581222641016n],
  [129, -506823097681485574n],
  [200, 1368452603177808973n],
  [240, -3690920546649497853n],
  [241, 809349449570470400n],
  [256, -1403514104434996620n],
  [512, -1170120971253711958n],
  [1000, -7451375110499705139n],
  [1024, 2575082683865311686n],
  [1025, -4566685497618039422n],
  [2048, 1870957339171033971n],
  [4097, -5541268556740443615n],
]

t.test('the hash of topics is Kafka’s', async (t) => {
  for (const [length, hash] of HASHES) {
    const bytes = Uint8Array.from({ length }, (_, index) => index * 31 + 7)
    t.equal(BigInt.asIntN(64, xxh3(bytes)), hash, `${length} bytes`)
  }
  const id = Buffer.alloc(16)
  id[7] = 1
  id[15] = 2
  const topic = { id: id.toString('base64url'), partitionCount: 3, racks: [['r1'], ['r1'], ['r1']] }
  const topics = new TestTopics({ 'foo-é': topic })
  t.equal(topics.hashOf('foo-é', topicHash), -4829196963523102471n)
  t.equal(metadataHash(topics, ['foo-é', 'gone']), metadataHash(topics, ['foo-é']))
  t.equal(metadataHash(topics, ['gone']), 0n)
})
