"""The cloud below the controller: machines and ports, asked of the program that started us, one JSON line each."""

import json
import sys


class Hypervisor:
    def __init__(self, questions, answers):
        self._questions = questions
        self._answers = answers

    def _ask(self, what, **arguments):
        self._questions.write(json.dumps({"ask": what, **arguments}) + "\n")
        self._questions.flush()
        line = self._answers.readline()
        if not line:
            sys.exit("the hypervisor is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{what}: {answer['error']}")
        return answer["value"]

    def boot(self, amphora_id, files):
        """Boots an amphora with the agent in it. Returns its address on the management network."""
        return self._ask("boot", amphora=amphora_id, files=files)

    def plug(self, amphora_id, network, mac, delay_seconds=0):
        """With a delay the port comes later, as it does when compute is slow: nobody waits for it here."""
        self._ask("plug", amphora=amphora_id, network=network, mac=mac, delayMs=delay_seconds * 1000)

    def power_off(self, amphora_id):
        """The machine is gone at once, as with a broken host."""
        self._ask("powerOff", amphora=amphora_id)

    def run(self, amphora_id, *command):
        """Runs a program inside the amphora. Returns its standard output; raises when it fails."""
        return self._ask("run", amphora=amphora_id, command=command)

    def journal(self):
        """What every running amphora's agent has logged lately."""
        return self._ask("journal")
