// ConvNetJS trains its own MNIST net: node convnetjs.js LIBRARY IMAGES EXAMPLES BATCH. Prints examples a second of CPU time.
// IMAGES holds EXAMPLES labels, a byte each, then as many images of 24×24 bytes.
const [library, file, count, batch] = process.argv.slice(2)
const convnetjs = require(library)
const bytes = require('fs').readFileSync(file)
const examples = Number(count)
const SIDE = 24

const net = new convnetjs.Net()
net.makeLayers([
  { type: 'input', out_sx: SIDE, out_sy: SIDE, out_depth: 1 },
  { type: 'conv', sx: 5, filters: 8, stride: 1, pad: 2, activation: 'relu' },
  { type: 'pool', sx: 2, stride: 2 },
  { type: 'conv', sx: 5, filters: 16, stride: 1, pad: 2, activation: 'relu' },
  { type: 'pool', sx: 3, stride: 3 },
  { type: 'softmax', num_classes: 10 },
])
const trainer = new convnetjs.SGDTrainer(net, { method: 'adadelta', batch_size: Number(batch), l2_decay: 0.001 })

const image = number => {
  const volume = new convnetjs.Vol(SIDE, SIDE, 1, 0)
  const first = examples + number * SIDE * SIDE
  for (let i = 0; i < SIDE * SIDE; i++) volume.w[i] = bytes[first + i] / 255
  return volume
}

// A part of them first, untimed, so that the compiler has seen its loops.
const WARM = Math.floor(examples / 4)
for (let i = 0; i < WARM; i++) trainer.train(image(i), bytes[i])
const began = process.cpuUsage()
for (let i = WARM; i < examples; i++) trainer.train(image(i), bytes[i])
const used = process.cpuUsage(began)
console.log((examples - WARM) / ((used.user + used.system) / 1e6))
