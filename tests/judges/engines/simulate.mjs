// Puts requests, a line of JSON each, to iam-simulate, and prints a line of JSON for each answer.
// The first argument is the folder of package.json with the package installed. With a second one, a number of seconds,
// it answers the requests again and again for so long and prints how many a second.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const { runSimulation } = createRequire(`${process.argv[2]}/`)('@cloud-copilot/iam-simulate')

async function answer(simulation) {
  const answer = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors) }
  return { decision: answer.overallResult, ignored: answer.result?.ignoredContextKeys ?? [] }
}

const requests = []
for await (const line of createInterface({ input: process.stdin })) {
  const simulation = JSON.parse(line)
  if (process.argv[3]) requests.push(simulation)
  else process.stdout.write(JSON.stringify(await answer(simulation)) + '\n')
}
if (process.argv[3]) {
  const round = async () => {
    for (const simulation of requests) await answer(simulation)
  }
  await round()
  let rounds = 0
  const start = performance.now()
  while (performance.now() - start < 1000 * Number(process.argv[3])) {
    await round()
    rounds += 1
  }
  const seconds = (performance.now() - start) / 1000
  console.log(JSON.stringify({ requests: requests.length, per_second: (rounds * requests.length) / seconds }))
}
