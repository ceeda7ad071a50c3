"""A network that reads digits, behind a contract: python examples/digits/digits.py RPC_URL

Trains on scikit-learn's 8 x 8 digits, turns the network into integers, makes its verifier, deploys it with Digits.sol
on a local chain (anvil), asks a question and answers it with a proof. docs/your-own-network.md goes through it.
"""

import sys
import tempfile
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn
from web3 import HTTPProvider, Web3

from engine.dense import Network
from engine.prover import Prover
from engine.setup import Setup
from engine.words import context_word
from server.chain.contracts import compile_sources, compile_verifier

# 1. Train. The features are integers; here pixels of 0..16.
pixels, digits = load_digits(return_X_y=True)
pixels = pixels.astype(int)
shown, held_out = slice(0, 1400), slice(1400, None)
torch.manual_seed(0)
torch.set_num_threads(1)  # so small a network is trained faster without company
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimiser = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
for _ in range(300):
    loss = nn.functional.cross_entropy(model(torch.tensor(pixels[shown] / 16).float()), torch.tensor(digits[shown]))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# 2. The integers that are proven, and what they are worth.
network = Network.from_torch(model, pixels[shown], scale=1 / 16, shift=11, name="digits")
real = (model(torch.tensor(pixels[held_out] / 16).float()).argmax(1).numpy() == digits[held_out]).mean()
integer = network.accuracy(pixels[held_out], digits[held_out])
print(f"held out: {real:.1%} right in floating point, {integer:.1%} in integers")

# 3. A prover and its verifier. The setup of a seed is for local chains only.
folder = Path(tempfile.mkdtemp())
prover = Prover(network, Setup.from_seed(0), folder)
verifier = compile_verifier(prover.verifier_source(), folder).creation

# 4. Deploy both. The contract tries the verifier on a sample proof.
w3 = Web3(HTTPProvider(sys.argv[1]))
sender = w3.eth.default_account = w3.eth.accounts[0]


def send(transaction, **more):
    return w3.eth.wait_for_transaction_receipt(transaction.transact(more))


sample = prover.prove(network.input(pixels[0]), network.classes, 0)
calldata = b"".join(word.to_bytes(32, "big") for word in sample.words) + sample.proof
address = send(w3.eth.contract(abi=[], bytecode=verifier).constructor())["contractAddress"]
compiled = compile_sources("examples/digits/Digits.sol", "contracts/src/Dense.sol", "contracts/src/Proven.sol")
deployed = send(w3.eth.contract(**compiled).constructor(address, calldata))["contractAddress"]
contract = w3.eth.contract(deployed, abi=compiled["abi"])

# 5. Ask, prove, answer.
image = pixels[1700].tolist()
send(contract.functions.ask(image), value=10**15)
context = context_word(w3.eth.chain_id, deployed, 0, sender)  # question 0; the payee is the sender
proof = prover.prove(network.input(image), network.classes, context)
digit = proof.index // 64
receipt = send(contract.functions.answer(0, image, digit, sender, proof.bitmap, proof.proof))
print(
    f"the network reads {digit}, labelled {digits[1700]}: proven in {proof.seconds:.1f} s, {receipt['gasUsed']:,} gas"
)
