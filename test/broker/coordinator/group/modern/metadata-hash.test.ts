import t from 'tap'
import { metadataHash, topicHash } from '../../../../../broker/coordinator/group/modern/metadata-hash.ts'
import { xxh3 } from '../../../../../broker/coordinator/group/modern/xxh3.ts'
import { TestTopics } from '../topics.ts'

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
