"""Recording from another process: workers receive, read and judge; the one process that has the database records.

    worker                                          writer's process
    RemoteIntake.record(mail, report, judged) --->  Door --> Intake (the one task that writes)
              <--------------- recorded, or why not --------+

``wire`` spells both ways. Promises: ``RemoteIntake`` keeps what ``Intake`` promises: it returns after the commit, never before;
a lost connection is a StoreError for whoever waits, so that their peers hear 4xx and come again.
"""
