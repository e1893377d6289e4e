// What the panel knows of the run that it watches.

const LIVE = ['queued', 'running', 'paused']

// message: the server's first one about the run. n: the number of the last news; recordings: by variant; status: the last one told.
export const newRun = message => ({
  id: message.run,
  token: message.token, // with it one steers the run; others have `view`
  view: message.view,
  labels: message.variants,
  digest: message.offer,
  steps: message.steps,
  lr: message.lr, // what it began with
  operations: message.operations,
  runs: message.runs,
  trainExamples: message.train_examples,
  recordings: {},
  n: null,
  status: null,
})

export const isLive = run => LIVE.includes(run?.status?.state ?? (run ? 'queued' : ''))
