"""Ask a gateway with the vendor's SDK; run in a process of its own.

Standard input holds a JSON document: ``port``, perhaps ``rsa``, a key file, and ``questions``, each the
name of a method of `futu.OpenQuoteContext` and its arguments, and perhaps ``notices``, how many pushes to
wait for. Standard output holds the list of answers: ``[ret, data]``, frames as dicts of lists; behind them
the list of notices, ``[ret, [type, sub_type, data]]``, if there are any to wait for.

The SDK writes logs into the home directory, prints from threads of its own, and keeps the process alive
with them. So this process has another home, keeps the SDK away from its output, and ends without asking.
"""

import json
import os
import queue
import sys

PATIENCE = 30


def main(output):
    task = json.load(sys.stdin)

    import futu

    if "rsa" in task:
        futu.SysConfig.enable_proto_encrypt(True)
        futu.SysConfig.set_init_rsa_file(task["rsa"])
    context = futu.OpenQuoteContext(host="127.0.0.1", port=task["port"])
    notices = listen(context)
    answers = [ask(context, *question) for question in task["questions"]]
    if "notices" in task:
        answers.append([notices.get(timeout=PATIENCE) for _ in range(task["notices"])])
    context.close()
    json.dump(answers, output)
    output.flush()


def listen(context):
    """Return a queue of what the SDK reads of the notices."""
    import futu

    read = queue.Queue()

    class Handler(futu.SysNotifyHandlerBase):
        def on_recv_rsp(self, rsp_pb):
            answer = super().on_recv_rsp(rsp_pb)
            read.put(answer)
            return answer

    context.set_handler(Handler())
    return read


def ask(context, method, arguments):
    ret, data = getattr(context, method)(**arguments)
    return ret, data.to_dict("list") if hasattr(data, "to_dict") else data


if __name__ == "__main__":
    code = 1
    output, sys.stdout = sys.stdout, sys.stderr
    try:
        main(output)
        code = 0
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)
