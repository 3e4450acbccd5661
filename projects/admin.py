from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from projects.models import Membership, Project, User

admin.site.site_header = "Bottom Decile"
admin.site.register(User, UserAdmin)


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["slug", "name", "latency_limit_ms", "is_demo", "created_at"]
    search_fields = ["slug", "name"]


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ["user", "project", "role", "created_at", "removed_at"]
    list_filter = ["role", "project"]
    autocomplete_fields = ["user", "project"]
