"""The only room that knows HiGHS: checked calls, frozen options, own statuses, residual audit."""
