import { readFileSync } from 'node:fs'
import t from 'tap'
import { protocolPage, withTable } from '../../docs/generate.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

t.test('what the documentation takes from the code is current: node docs/generate.ts', async (t) => {
  t.equal(read('docs/PROTOCOL.md'), protocolPage())
  t.equal(read('README.md'), withTable(read('README.md')))
})

t.test('the README is short enough to be read', async (t) => {
  t.ok(read('README.md').split('\n').length <= 151)
})

t.test('links between the documents lead somewhere', async (t) => {
  const documents = ['ARCHITECTURE', 'TESTING', 'STORAGE', 'PERFORMANCE'].map((name) => `docs/${name}.md`)
  for (const page of ['README.md', ...documents]) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const url = new URL(target, new URL(`../../${page}`, import.meta.url))
      t.doesNotThrow(() => readFileSync(url), `${page} → ${target}`)
    }
  }
})
