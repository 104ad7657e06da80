import t from 'tap'
import { type Assignment, toTopicPartitions } from '../../../../../broker/coordinator/group/modern/assignment.ts'
import { assignSimple } from '../../../../../broker/coordinator/group/share/simple-assignor.ts'

const members = (...ids: string[]) =>
  ids.map((memberId) => ({ memberId, topicIds: new Set(['t']), current: new Map() as Assignment }))
const told = (result: Map<string, Assignment>) =>
  Object.fromEntries([...result].map(([id, assignment]) => [id, toTopicPartitions(assignment)[0]?.partitions ?? []]))

t.test('partitions are shared evenly, and every member has one', async (t) => {
  const partitions = (count: number) => new Map([['t', new Set(Array.from({ length: count }, (_, index) => index))]])
  t.same(told(assignSimple(members('a'), partitions(3))), { a: [0, 1, 2] })
  t.same(told(assignSimple(members('a', 'b'), partitions(4))), { a: [0, 1], b: [2, 3] })
  t.same(told(assignSimple(members('a', 'b', 'c'), partitions(1))), { a: [0], b: [0], c: [0] })
  const many = told(assignSimple(members('a', 'b', 'c', 'd', 'e'), partitions(2)))
  t.same(
    Object.values(many).map((list) => list.length > 0),
    [true, true, true, true, true],
  )
  t.equal(Object.values(many).flat().length, 6, 'each partition goes to three')
})

t.test('members keep what they have, as far as it can', async (t) => {
  const partitions = new Map([['t', new Set([0, 1, 2, 3])]])
  const before = assignSimple(members('a', 'b'), partitions)
  const [a, b] = members('a', 'b').map((one) => ({ ...one, current: before.get(one.memberId)! }))
  const after = told(assignSimple([a!, b!, ...members('c', 'd')], partitions))
  t.ok([0, 1].includes(after['a']![0]!))
  t.ok([2, 3].includes(after['b']![0]!))
  t.same(Object.values(after).flat().sort(), [0, 1, 2, 3])
})
